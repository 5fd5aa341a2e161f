// The emulated training of members by teams of blocks against the CPU engine's.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "training_against_cpu.hpp"

namespace {

using namespace tbrnn;
using emulator::Clusters;
using emulator::Device;

Spec spec_of(const char* model, int units = 40) {
  const std::size_t n = static_cast<std::size_t>(units);
  Spec spec;
  spec.model = model;
  spec.units = units;
  spec.ranks = {2, 1};
  spec.inputs = 2;
  spec.outputs = 3;
  spec.alpha = 0.5;
  spec.scale_two = 1.0 / spec.units;
  spec.gated = spec.model == "LowRankHORNN";
  spec.hard_orth = spec.model == "LowRankTBRNN";
  spec.bulk = std::make_shared<const std::vector<double>>(Numbers(6).uniform(n * n, -0.15, 0.15));
  return spec;
}

TEST(TeamTraining, IsThatOfTheCpuEngineInFloat64) {
  for (const char* model : {"LowRankTBRNN", "LowRankHORNN"}) {
    SCOPED_TRACE(model);
    expect_the_cpu_engine(group_of_options<double>(spec_of(model)), 1e-9);
  }
}

TEST(TeamTraining, OfLargeNetworksIsThatOfTheCpuEngine) {
  if (emulator::sanitized) GTEST_SKIP() << "the sanitizers are slow";
  for (const char* model : {"RNN", "TBRNN"}) {
    SCOPED_TRACE(model);
    Spec spec = spec_of(model);
    spec.units = spec.model == "RNN" ? 129 : 65;
    spec.bulk = nullptr;
    Group<float> group(spec, spec.model == "RNN" ? 0.05 : 0.01);
    Course course{.lr_first = 0.002, .lr_last = 0.002, .epochs = 3};
    course.clip = 0.05;
    group.add(course, true);
    expect_the_cpu_engine(group, 1e-4);
  }
}

// Most options, and mini-batches.
TEST(TeamTraining, InClustersIsThatOfTheCpuEngine) {
  if (emulator::sanitized) GTEST_SKIP() << "the sanitizers are slow";
  const auto options = group_of_options<float>(spec_of("LowRankHORNN", 130));
  Group<float> group(options.spec);
  group.add(options.courses[3], true);
  group.add(options.courses[4], true);
  const Clusters device(8);
  EXPECT_STREQ(cuda::kernel_of<float>(group.spec, match),
               "bulk and channels, in a cluster of blocks");
  expect_the_cpu_engine(group, 1e-4);
  EXPECT_EQ(emulator::last_launch.cluster, 2);
}

TEST(TeamTraining, HasTheSameBitsInEveryOrderOfExecution) {
  const auto group = group_of_options<float>(spec_of("LowRankHORNN"));
  Group<float> one(group.spec);
  one.add(group.courses[3], true);  // of most options
  EXPECT_EQ(fault(one), "");
}

TEST(TeamTraining, HasTheSameBitsWhereverLaunchesAreCutAndInAnyTeam) {
  const auto group = group_of_options<float>(spec_of("LowRankTBRNN"));
  const auto whole = numbers_of(emulated(group));
  EXPECT_EQ(numbers_of(emulated(group, 5)), whole);
  const Device small(1);
  EXPECT_EQ(numbers_of(emulated(group)), whole);
}

TEST(TeamTraining, HasTheSameBitsInAnyCompany) {
  const auto group = group_of_options<float>(spec_of("LowRankRNN"));
  Group<float> alone(group.spec);
  alone.add(group.courses[0]);
  EXPECT_EQ(numbers_of(emulated(alone)), numbers_of<float>({emulated(group)[0]}));
}

}  // namespace
