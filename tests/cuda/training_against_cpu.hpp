// Training on the emulated device beside the CPU engine's: members with courses of their own, and what became of each.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "cpu/trainer.hpp"
#include "engine.hpp"
#include "schedules.hpp"
#include "trials.hpp"

namespace tbrnn {

constexpr Match match = Match::outputs;

template <class T>
struct Group {  // of members, on two data sets and one to validate on
  Spec spec;
  std::shared_ptr<const Dataset<T>> sets[2], validation;
  std::vector<T> parameters;
  std::vector<Course> courses;
  std::vector<bool> validates;
  bool split = false;  // the products of the emulated device

  Group(const Spec& s, double scale = 0.5, int trials = 33) : spec(s) {
    for (unsigned i = 0; i < 2; ++i)
      sets[i] = std::make_shared<Dataset<T>>(
          Experiment(s, match, trials, 4, 1, true, i).template dataset<T>());
    validation =
        std::make_shared<Dataset<T>>(Experiment(s, match, 5, 6, 0, false, 9).template dataset<T>());
    parameters = as<T>(Numbers(3).uniform(block_size(s), -scale, scale));
  }
  void add(Course course, bool with_validation = false) {
    course.key = courses.size();
    courses.push_back(course);
    validates.push_back(with_validation);
  }
  const std::shared_ptr<const Dataset<T>>& set(std::size_t member) const {
    return sets[member % 2];
  }
  std::size_t members() const { return courses.size(); }
};

template <class T>
struct Outcome {  // of one member
  long status, epochs, best_epoch, rollbacks;
  double best_loss, last_loss;
  std::vector<double> history, best, last;
};

template <class T>
std::vector<Outcome<T>> on_cpu(const Group<T>& group) {
  Trainer trainer(1);
  for (std::size_t i = 0; i < group.members(); ++i) {
    const auto& data = group.set(i);
    auto plan = std::make_shared<const Plan<T>>(group.spec, &match, data->steps());
    Start<T> start;
    if (group.validates[i]) start.validation = group.validation;
    trainer.add(std::make_unique<MemberLearner<T>>(plan, data, group.courses[i],
                                                   group.parameters.data(), start));
  }
  trainer.run(1e3);
  std::vector<Outcome<T>> list;
  for (int i = 0; i < trainer.members(); ++i) {
    const auto& learner = dynamic_cast<const MemberLearner<T>&>(trainer.learner(i));
    const tbrnn::Progress& p = learner.progress();
    list.push_back({static_cast<long>(p.status),
                    p.epochs,
                    p.best_epoch,
                    p.rollbacks,
                    p.best_loss,
                    p.last_loss,
                    p.history,
                    {learner.best().begin(), learner.best().end()},
                    {learner.last().begin(), learner.last().end()}});
  }
  return list;
}

template <class T>
std::vector<Outcome<T>> emulated(const Group<T>& group, long epochs_per_launch = 1000) {
  std::vector<typename cuda::Trainer<T>::Member> members;
  for (std::size_t i = 0; i < group.members(); ++i)
    members.push_back({group.parameters.data(), group.set(i).get(),
                       group.validates[i] ? group.validation.get() : nullptr,
                       view_of(group.courses[i])});
  cuda::Trainer<T> trainer(group.spec, match, members, Loss::squared, group.split);
  while (trainer.run(epochs_per_launch)) {
  }
  std::vector<Outcome<T>> list;
  for (std::size_t i = 0; i < group.members(); ++i) {
    const auto r = trainer.result(static_cast<int>(i));
    list.push_back({static_cast<long>(r.progress.status),
                    r.progress.epochs,
                    r.progress.best_epoch,
                    r.progress.rollbacks,
                    r.progress.best_loss,
                    r.progress.last_loss,
                    r.history,
                    {r.best.begin(), r.best.end()},
                    {r.last.begin(), r.last.end()}});
  }
  return list;
}

template <class T>
std::vector<double> numbers_of(const std::vector<Outcome<T>>& outcomes) {
  std::vector<double> list;
  for (const Outcome<T>& o : outcomes) {
    for (const double number : {static_cast<double>(o.status), static_cast<double>(o.epochs),
                                static_cast<double>(o.best_epoch), static_cast<double>(o.rollbacks),
                                o.best_loss, o.last_loss})
      list.push_back(number);
    for (const auto* part : {&o.best, &o.last, &o.history})
      for (const double number : *part) list.push_back(std::isnan(number) ? -1.0 : number);
  }
  return list;
}

template <class T>
std::string fault(const Group<T>& group, long epochs_per_launch = 1000) {
  std::vector<double> numbers;
  return emulator::fault_of(
      numbers_of(emulated(group, epochs_per_launch)).size(),
      [&](double* out) {
        const auto list = numbers_of(emulated(group, epochs_per_launch));
        std::copy(list.begin(), list.end(), out);
      },
      numbers);
}

template <class T>
void expect_the_cpu_engine(const Group<T>& group, double tolerance) {
  const auto theirs = on_cpu(group), ours = emulated(group);
  for (std::size_t i = 0; i < group.members(); ++i) {
    SCOPED_TRACE("member " + std::to_string(i));
    EXPECT_EQ(ours[i].status, theirs[i].status);
    EXPECT_EQ(ours[i].epochs, theirs[i].epochs);
    EXPECT_EQ(ours[i].best_epoch, theirs[i].best_epoch);
    EXPECT_EQ(ours[i].rollbacks, theirs[i].rollbacks);
    EXPECT_NEAR(ours[i].best_loss, theirs[i].best_loss, tolerance * theirs[i].best_loss);
    EXPECT_LE(distance(ours[i].best, theirs[i].best), tolerance);
    EXPECT_LE(distance(ours[i].last, theirs[i].last), tolerance);
    ASSERT_EQ(ours[i].history.size(), theirs[i].history.size());
    for (std::size_t k = 0; k < ours[i].history.size(); ++k) {
      const double mine = ours[i].history[k], cpu = theirs[i].history[k];
      EXPECT_EQ(std::isnan(mine), std::isnan(cpu)) << k;
      if (std::isnan(cpu)) continue;
      EXPECT_NEAR(mine, cpu, tolerance * (1 + std::fabs(cpu))) << k;
    }
  }
}

// Every way to end but divergence, and every option of a step.
template <class T>
Group<T> group_of_options(const Spec& spec, double scale = 0.5, int trials = 33) {
  Group<T> group(spec, scale, trials);
  const Course plain{.lr_first = 0.02, .lr_last = 0.02, .epochs = 12};
  Course c = plain;
  c.record_every = 1;
  group.add(c);  // capped
  c = plain;
  c.target_loss = 0.33;
  c.lr_last = 0.01;
  c.lr_epochs = 6;
  group.add(c);  // converged
  c = plain;
  c.stall_window = 4;
  c.stall_improvement = 1.0;
  group.add(c);  // stalled
  c = plain;
  c.lr_ramp = 1;
  c.lr_last = 0;
  c.lr_epochs = 9;
  c.clip = 0.05;
  c.decay = 0.1;
  c.evaluate_every = 3;
  c.sigma = 0.1;
  c.input_sigma = 0.2;
  c.record_every = 2;
  group.add(c, true);  // with validation
  c = plain;
  c.batch = trials * 3 / 5;
  c.epochs = 4;
  c.evaluate_every = 2;
  c.sigma = 0.1;
  c.record_every = 1;
  group.add(c, true);  // mini-batches
  c = plain;
  c.batch = trials / 2 + 1;
  c.epochs = 4;
  c.lr_first = 4.0;
  c.lr_last = 2.0;
  c.guard_back = 3;
  c.guard_loss = 0.0;
  c.guard_growth = 1.1;
  c.guard_most = 3;
  c.record_every = 3;
  group.add(c);  // with a guard
  c = plain;
  c.patience_epochs = 3;
  c.patience_improvement = 0.5;
  c.trained.assign(fields(group.spec).size(), true);
  c.trained[0] = c.trained[3] = false;
  group.add(c, true);  // frozen arrays
  return group;
}

}  // namespace tbrnn
