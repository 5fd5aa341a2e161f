// Split products in the emulated kernels of teams and clusters of blocks against the CPU engine: loss, gradient and training, with the
// tolerances of float32.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>

#include "against_cpu.hpp"
#include "training_against_cpu.hpp"

namespace {

using namespace tbrnn;
using emulator::Clusters;
using emulator::Device;

Spec spec_of(const char* model, int units) {
  Spec spec;
  spec.model = model;
  spec.units = units;
  spec.inputs = 2;
  spec.outputs = 3;
  spec.alpha = 0.5;
  spec.excitatory = units - units / 3;
  spec.scale_two = 1.0 / units;
  spec.scale_three = 1.0 / (units * units);
  return spec;
}

bool has_pairs(const Spec& spec) { return spec.model == "TBRNN" || spec.model == "HORNN"; }

// With a mask, initial states and noise.
Case case_of(const Spec& spec, int trials, int steps) {
  return Case(spec, Match::outputs, Experiment(spec, Match::outputs, trials, steps, 1, true), 0.1,
              has_pairs(spec) ? 0.6 / spec.units : 0.6 / std::sqrt(spec.units));
}

Spec masked(Spec spec) {
  const int n = spec.units;
  spec.masks = {{spec.model == "HORNN" ? "w_hh_tbrnn" : "w_hh",
                 some_of(has_pairs(spec) ? n * n * n : n * n)}};
  return spec;
}

void expect_the_gradient_of_the_cpu_engine(const Spec& spec, int trials) {
  SCOPED_TRACE(spec.model + " of " + std::to_string(spec.units) + " units");
  const Case tested = case_of(spec, trials, 2);
  std::vector<double> ours;
  EXPECT_EQ(emulator::fault_of(
                tested.parameters.size() + Case::members,
                [&](double* out) { compute<float>(tested, out, true); }, ours),
            "");
  expect_near_the_cpu_engine(tested, ours, 1e-5);
  EXPECT_NE(ours, computed(tested));
}

TEST(SplitTraining, HasTheGradientOfTheCpuEngine) {
  if (emulator::sanitized) GTEST_SKIP() << "the sanitizers are slow";
  expect_the_gradient_of_the_cpu_engine(masked(spec_of("RNN", 129)), 5);
  expect_the_gradient_of_the_cpu_engine(spec_of("EIRNN", 150), 33);
  expect_the_gradient_of_the_cpu_engine(masked(spec_of("TBRNN", 65)), 5);
  expect_the_gradient_of_the_cpu_engine(spec_of("HORNN", 66), 2);
}

void expect_the_same_gradient_in_teams(const Case& tested) {
  SCOPED_TRACE(tested.spec.model);
  std::vector<double> alone;
  {
    const Device small(1);
    alone = computed(tested, true);
    EXPECT_FALSE(emulator::last_launch.cooperative);
  }
  const Device large(16);
  EXPECT_EQ(alone, computed(tested, true));
  EXPECT_TRUE(emulator::last_launch.cooperative);
  expect_near_the_cpu_engine(tested, alone, 1e-5);
}

TEST(SplitTraining, HasTheSameGradientInTeamsOfEverySize) {
  if (emulator::sanitized) GTEST_SKIP() << "the sanitizers are slow";
  expect_the_same_gradient_in_teams(case_of(spec_of("RNN", 129), 2, 17));  // in parts of the steps
  expect_the_same_gradient_in_teams(case_of(spec_of("TBRNN", 65), 33, 1));
  expect_the_same_gradient_in_teams(case_of(spec_of("HORNN", 67), 2, 2));
}

TEST(SplitTraining, HasTheGradientOfTheCpuEngineInClusters) {
  if (emulator::sanitized) GTEST_SKIP() << "the sanitizers are slow";
  for (const char* model : {"RNN", "EIRNN"}) {
    SCOPED_TRACE(model);
    const Case tested = case_of(spec_of(model, 130), 5, 3);
    std::vector<double> few;
    {
      const Clusters device(2);
      few = computed(tested, true);
      EXPECT_EQ(emulator::last_launch.cluster, 2);
    }
    const Clusters device(16);
    EXPECT_EQ(few, computed(tested, true));
    expect_near_the_cpu_engine(tested, few, 1e-5);
    EXPECT_NE(few, computed(tested));
  }
}

TEST(SplitTraining, IsThatOfTheCpuEngine) {
  if (emulator::sanitized) GTEST_SKIP() << "the sanitizers are slow";
  for (const char* model : {"RNN", "EIRNN", "TBRNN", "HORNN"}) {
    SCOPED_TRACE(model);
    Spec spec = spec_of(model, 65);
    if (!has_pairs(spec)) spec.units = 129;
    Group<float> group(spec, has_pairs(spec) ? 0.01 : 0.05, 5);
    Course course{.lr_first = 0.002, .lr_last = 0.002, .epochs = 2};
    course.clip = 0.05;
    group.add(course, true);
    group.split = true;
    expect_the_cpu_engine(group, 1e-5);
  }
}

TEST(SplitTraining, IsRefusedWhereNoProductIsSplit) {
  const auto kernel_of = [](Spec spec) {
    return std::string(cuda::kernel_of<float>(spec, Match::outputs, Loss::squared, false, true));
  };
  const auto refused = [](const std::string& name) { return name.substr(0, 4) == "none"; };
  for (const char* model : {"RNN", "EIRNN", "TBRNN", "HORNN"}) {
    const int most = has_pairs(spec_of(model, 1)) ? 64 : 128;
    EXPECT_TRUE(refused(kernel_of(spec_of(model, most)))) << model;
    EXPECT_FALSE(refused(kernel_of(spec_of(model, most + 1)))) << model;
    EXPECT_TRUE(refused(cuda::kernel_of<double>(spec_of(model, most + 1), Match::outputs,
                                                Loss::squared, false, true)))
        << model;
  }
  Spec gated = spec_of("LeakyGRU", 129);
  gated.form = Form::voltage;
  EXPECT_TRUE(refused(kernel_of(gated)));
  Spec fixed = spec_of("LowRankRNN", 129);
  fixed.ranks = {2, 0};
  EXPECT_TRUE(refused(kernel_of(fixed)));
  fixed.bulk = std::make_shared<const std::vector<double>>(129 * 129);
  EXPECT_TRUE(refused(kernel_of(fixed)));
}

}  // namespace
