// A pass whose memory is not to be had has not been: each allocation of a training fails once, and the training that goes on from there
// is, bit for bit, the one that never lacked memory.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "allocations.hpp"
#include "cpu/learner.hpp"
#include "cpu/trainer.hpp"

namespace {

using namespace tbrnn;

constexpr int trials = 35, steps = 4, units = 5, inputs = 2, outputs = 3;

// What a checkpoint keeps, in one row; -1 for NaN, which equals nothing.
class Row final : public Archive {
 public:
  void number(const char*, long& value) override { put(static_cast<double>(value)); }
  void number(const char*, double& value) override { put(value); }
  void array(const char*, std::vector<float>& values) override { put_all(values); }
  void array(const char*, std::vector<double>& values) override { put_all(values); }
  void array(const char*, std::vector<long>& values) override { put_all(values); }
  void list(const char*, std::vector<double>& values) override { put_all(values); }
  void word(const char*, const char*&, const char* const*, int) override {}
  std::vector<double> row;

 private:
  void put(double value) { row.push_back(value == value ? value : -1.0); }
  template <class Values>
  void put_all(const Values& values) {
    for (const auto value : values) put(static_cast<double>(value));
  }
};

class Training {
 public:
  Training(const std::string& model, const Course& course)
      : plan_(std::make_shared<const Plan<double>>(spec(model), &match, steps)) {
    const auto parameters = waves(static_cast<int>(plan_->parameters), 0.7);
    const auto data = dataset(1.0), validation = dataset(1.3);
    trainer_.add(std::make_unique<MemberLearner<double>>(plan_, data, course, parameters.data(),
                                                         Start<double>{.validation = validation}));
  }

  void run() {
    while (trainer_.run(1.0)) {
    }
  }

  std::vector<double> kept() {
    Row archive;
    trainer_.learner(0).state(archive);
    return archive.row;
  }

 private:
  static constexpr Match match = Match::outputs;

  static Spec spec(const std::string& model) {
    return {.model = model,
            .units = units,
            .ranks = {1, 1},
            .inputs = inputs,
            .outputs = outputs,
            .alpha = 0.3,
            .gated = model == "HORNN",
            .hard_orth = model == "LowRankTBRNN"};
  }
  static std::vector<double> waves(int size, double frequency) {
    std::vector<double> values;
    for (int i = 0; i < size; ++i) values.push_back(std::sin(frequency * i));
    return values;
  }
  static std::shared_ptr<const Dataset<double>> dataset(double frequency) {
    const auto input = waves(trials * steps * inputs, frequency),
               target = waves(trials * steps * outputs, 2 * frequency);
    return std::make_shared<const Dataset<double>>(Dataset<double>({.trials = trials,
                                                                    .steps = steps,
                                                                    .inputs = inputs,
                                                                    .channels = outputs,
                                                                    .mask_channels = 0,
                                                                    .units = 0,
                                                                    .input = input.data(),
                                                                    .target = target.data(),
                                                                    .mask = nullptr,
                                                                    .initial = nullptr}));
  }

  std::shared_ptr<const Plan<double>> plan_;
  Trainer trainer_{1};
};

// Work in which one allocation fails, those before it not; false if there are not so many. Some failures are got over within.
template <class Work>
bool fails_at(long allocation, Work work) {
  allowed_allocations = allocation;
  try {
    work();
  } catch (const std::bad_alloc&) {
  }
  const bool failed = allowed_allocations < 0;
  allowed_allocations = -1;
  return failed;
}

TEST(Memory, APassThatGetsNoneHasNotBeen) {
  for (const char* model : {"LowRankTBRNN", "RNN", "HORNN", "LeakyGRU"})
    for (const long batch : {0, 20}) {
      const Course course{.lr_first = 0.1,
                          .lr_last = 0.1,
                          .epochs = 9,
                          .batch = batch,
                          .evaluate_every = 2,
                          .guard_back = 2,
                          .guard_most = 1,
                          .record_every = 1};
      Training whole(model, course);
      whole.run();
      long allocation = 0;
      for (bool failed = true; failed; ++allocation) {
        Training training(model, course);
        failed = fails_at(allocation, [&] { training.run(); });
        training.run();
        EXPECT_EQ(training.kept(), whole.kept()) << model << ", allocation " << allocation;
      }
      EXPECT_GT(allocation, 10) << model;
    }
}

TEST(Memory, ANoteThatGetsNoneIsNotTaken) {
  const std::vector<double> values(Progress::statistics_width - 1);
  Progress progress;
  long allocation = 0;
  while (fails_at(allocation++, [&] { progress.note(values); }))
    EXPECT_TRUE(progress.statistics.empty()) << allocation;
  EXPECT_EQ(progress.statistics.size(), values.size() + 1);
}

}  // namespace
