// The engine of every instruction set: forward against dense steps, gradients against central
// differences, bits that depend neither on threads nor on company. Two tiles, one not full.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "central_differences.hpp"
#include "cpu/instruction_set.hpp"
#include "cpu/learner.hpp"
#include "cpu/simulate.hpp"
#include "cpu/trainer.hpp"
#include "dense.hpp"

namespace {

using namespace tbrnn;
using Eigen::VectorXd;

constexpr int trials = 33, steps = 5, units = 7, inputs = 2, outputs = 3;

VectorXd random(int size) { return VectorXd::Random(size); }

struct Case {
  Spec spec;
  VectorXd input = random(trials * steps * inputs), target = random(trials * steps * outputs);
  VectorXd mask = (random(trials * steps).array() + 1) / 2, initial = random(trials * units);

  Dataset<double> dataset() const {
    return Dataset<double>({.trials = trials,
                            .steps = steps,
                            .inputs = inputs,
                            .channels = outputs,
                            .mask_channels = 1,
                            .units = units,
                            .input = input.data(),
                            .target = target.data(),
                            .mask = mask.data(),
                            .initial = initial.data()});
  }
};

Case make_case(const std::string& model, Form form) {
  Case c;
  c.spec = {.model = model,
            .units = units,
            .ranks = {2, 3},
            .inputs = inputs,
            .outputs = outputs,
            .alpha = 0.3,
            .form = form,
            .scale_two = 1.0 / units,
            .scale_three = 1.0 / (units * units),
            .gated = model == "LowRankHORNN" || model == "HORNN",
            .hard_orth = model == "LowRankTBRNN"};
  return c;
}

Cohort<double> cohort_of(const Case& c, const VectorXd& p, const Dataset<double>& data) {
  const int members = static_cast<int>(p.size() / static_cast<long>(block_size(c.spec)));
  Cohort<double> cohort{c.spec, members, p.data(), {}, {}};
  cohort.data.assign(static_cast<std::size_t>(members), &data);
  for (int i = 0; i < members; ++i)
    cohort.noise.push_back({.key = static_cast<std::uint64_t>(i % 2), .sigma = 0.1, .epoch = 3});
  return cohort;
}

struct Gradient {
  VectorXd loss, gradient;
};

Gradient gradient_of(const Case& c, const VectorXd& p, int threads) {
  const Dataset<double> data = c.dataset();
  const Cohort<double> cohort = cohort_of(c, p, data);
  Gradient g{VectorXd(cohort.members), VectorXd(p.size())};
  gradient(cohort, Match::outputs, threads, g.loss.data(), g.gradient.data());
  return g;
}

class Engine : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { use_instruction_set(GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(On, Engine, testing::ValuesIn(available_instruction_sets()),
                         [](const auto& info) { return info.param; });

// x <- x + alpha (-x + drive(tanh x) + W_in u + b), trial by trial
template <class Model>
void expect_dense_steps(Model model) {
  Case c = make_case(Model::name, Form::rate);
  c.spec.hard_orth = false;
  const VectorXd p = random(static_cast<int>(block_size(c.spec)));
  const Dataset<double> data = c.dataset();
  Cohort<double> cohort = cohort_of(c, p, data);
  cohort.noise = {NoiseSource{}};
  VectorXd states(trials * steps * units);
  simulate(cohort, 2, Activity<double>{states.data(), nullptr, nullptr});

  const auto list = fields(c.spec);
  const RowMajor w_in = vectors(p.data() + find(list, "w_in")->offset, units, inputs, 0);
  const VectorXd b = Eigen::Map<const VectorXd>(p.data() + find(list, "b_in")->offset, units);
  for (int trial = 0; trial < trials; ++trial) {
    VectorXd x = c.initial.segment(trial * units, units);
    for (int t = 0; t < steps; ++t) {
      const int sample = trial * steps + t;
      const VectorXd u = c.input.segment(sample * inputs, inputs), r = x.array().tanh();
      const VectorXd drive = dense_drive(model, p.data(), c.spec.ranks,
                                         {c.spec.scale_two, c.spec.scale_three}, c.spec.gated, r);
      x += 0.3 * (-x + drive + w_in * u + b);
      ASSERT_LE((states.segment(sample * units, units) - x).norm(), 1e-13) << trial << ", " << t;
    }
  }
}

TEST_P(Engine, ForwardEqualsDenseSteps) {
  std::apply([](auto... model) { (expect_dense_steps(model), ...); },
             std::tuple_cat(ChannelModels{}, DenseModels{}));
}

TEST_P(Engine, GradientEqualsCentralDifferences) {
  for (const char* model : {LowRankRNN::name, LowRankTBRNN::name, LowRankHORNN::name, RNN::name,
                            EIRNN::name, TBRNN::name, HORNN::name})
    for (const Form form : {Form::rate, Form::voltage}) {
      const Case c = make_case(model, form);
      const VectorXd p = random(static_cast<int>(block_size(c.spec)));
      const VectorXd expected =
          central_differences([&](const VectorXd& q) { return gradient_of(c, q, 1).loss(0); }, p);
      const VectorXd ours = gradient_of(c, p, 1).gradient;
      EXPECT_LE((ours - expected).norm(), 1e-7 * expected.norm())
          << model << (form == Form::rate ? " rate" : " voltage");
    }
}

TEST_P(Engine, GatedGradientEqualsCentralDifferences) {
  for (const char* model : {LowRankGRU::name, LeakyGRU::name}) {
    const Case c = make_case(model, Form::voltage);
    const VectorXd p = random(static_cast<int>(block_size(c.spec)));
    const VectorXd expected =
        central_differences([&](const VectorXd& q) { return gradient_of(c, q, 1).loss(0); }, p);
    EXPECT_LE((gradient_of(c, p, 2).gradient - expected).norm(), 1e-7 * expected.norm()) << model;
  }
}

TEST_P(Engine, ThreadsAndCompanyDoNotChangeABit) {
  const Case c = make_case("LowRankHORNN", Form::rate);
  const int block = static_cast<int>(block_size(c.spec));
  const VectorXd p = random(4 * block);
  const Gradient one = gradient_of(c, p, 1);
  for (const int threads : {2, 5}) {
    const Gradient more = gradient_of(c, p, threads);
    EXPECT_EQ(one.loss, more.loss);
    EXPECT_EQ(one.gradient, more.gradient);
  }
  EXPECT_EQ(gradient_of(c, p.head(block), 1).gradient, one.gradient.head(block));
}

// `validation` is looked at by all members, or null
VectorXd trained(const Case& c, int threads, int members, Course course,
                 std::shared_ptr<const Dataset<double>> validation = nullptr) {
  const Match match = Match::outputs;
  const auto plan = std::make_shared<const Plan<double>>(c.spec, &match, steps);
  const auto data = std::make_shared<const Dataset<double>>(c.dataset());
  const int block = static_cast<int>(block_size(c.spec));
  const VectorXd p = 0.3 * VectorXd::LinSpaced(3 * block, -1, 1).array().sin();
  Trainer trainer(threads);
  for (int i = 0; i < members; ++i) {
    course.epochs = 20 + i;
    trainer.add(std::make_unique<MemberLearner<double>>(plan, data, course, p.data() + i * block,
                                                        Start<double>{.validation = validation}));
  }
  while (trainer.run(1.0)) {
  }
  EXPECT_EQ(trainer.learner(0).progress().status, Status::capped);
  const auto& best = static_cast<const MemberLearner<double>&>(trainer.learner(0)).best();
  return Eigen::Map<const VectorXd>(best.data(), block);
}

void expect_neither_threads_nor_company(
    const Course& course, std::shared_ptr<const Dataset<double>> validation = nullptr) {
  const Case c = make_case("LowRankTBRNN", Form::rate);
  const VectorXd alone = trained(c, 1, 1, course, validation);
  for (const int threads : {1, 2, 5}) {
    EXPECT_EQ(alone, trained(c, threads, 1, course, validation));
    EXPECT_EQ(alone, trained(c, threads, 3, course, validation));
  }
}

TEST_P(Engine, TrainingDependsNeitherOnThreadsNorOnCompany) {
  expect_neither_threads_nor_company({.sigma = 0.01, .lr_first = 1e-2, .lr_last = 1e-2});
}

TEST_P(Engine, BatchesDependNeitherOnThreadsNorOnCompany) {
  const Case other = make_case("LowRankTBRNN", Form::rate);
  const auto validation = std::make_shared<const Dataset<double>>(other.dataset());
  expect_neither_threads_nor_company({.sigma = 0.01, .decay = 0.1, .clip = 0.1, .batch = 7},
                                     validation);
}

TEST_P(Engine, AGuardDependsNeitherOnThreadsNorOnCompany) {
  expect_neither_threads_nor_company({.lr_first = 3.0,
                                      .lr_last = 3.0,
                                      .guard_back = 3,
                                      .guard_loss = 1.0,
                                      .guard_growth = 1.1,
                                      .guard_most = 50,
                                      .record_every = 1});
}

}  // namespace
