// The emulated training against the CPU engine's: Adam, schedules, stopping rules, best weights, validation, histories; and bits that
// depend neither on the order of execution, nor on where launches are cut, nor on company.
#include <gtest/gtest.h>

#include <algorithm>

#include "training_against_cpu.hpp"

namespace {

using namespace tbrnn;

Spec spec_of(const char* model, Nonlinearity phi = Nonlinearity::tanh) {
  Spec spec;
  spec.model = model;
  spec.units = 7;
  spec.ranks = {2, 2};
  spec.inputs = 2;
  spec.outputs = 3;
  spec.alpha = 0.5;
  spec.phi = spec.phi_out = {phi};
  spec.scale_two = spec.scale_three = 1.0 / 7;
  spec.gated = spec.model == "LowRankHORNN";
  return spec;
}

TEST(ChannelTraining, IsThatOfTheCpuEngineInFloat64) {
  for (const char* model : {"LowRankRNN", "LowRankTBRNN", "LowRankHORNN"}) {
    SCOPED_TRACE(model);
    expect_the_cpu_engine(group_of_options<double>(spec_of(model)), 1e-9);
  }
}

TEST(ChannelTraining, IsThatOfTheCpuEngineInFloat32) {
  expect_the_cpu_engine(group_of_options<float>(spec_of("LowRankHORNN")), 1e-4);
}

TEST(ChannelTraining, EndsInEveryWay) {
  std::vector<long> ends;
  long rollbacks = 0;
  for (const auto& outcome : emulated(group_of_options<float>(spec_of("LowRankRNN")))) {
    ends.push_back(outcome.status);
    rollbacks += outcome.rollbacks;
  }
  EXPECT_GT(rollbacks, 0);
  for (const Status end : {Status::capped, Status::converged, Status::stalled})
    EXPECT_NE(std::find(ends.begin(), ends.end(), static_cast<long>(end)), ends.end());
}

TEST(ChannelTraining, DivergesToTheLastGoodWeights) {
  Group<float> group(spec_of("LowRankTBRNN", Nonlinearity::identity));
  group.add({.lr_first = 3e4, .lr_last = 3e4, .epochs = 20});
  const auto theirs = on_cpu(group), ours = emulated(group);
  EXPECT_EQ(ours[0].status, static_cast<long>(Status::diverged));
  EXPECT_EQ(ours[0].epochs, theirs[0].epochs);
  EXPECT_LE(distance(ours[0].last, theirs[0].last), 1e-4);
  EXPECT_LE(distance(ours[0].best, theirs[0].best), 1e-4);
}

TEST(ChannelTraining, HasTheSameBitsInEveryOrderOfExecution) {
  EXPECT_EQ(fault(group_of_options<float>(spec_of("LowRankHORNN"))), "");
}

TEST(ChannelTraining, HasTheSameBitsWhereverLaunchesAreCut) {
  const auto group = group_of_options<float>(spec_of("LowRankTBRNN"));
  const auto whole = numbers_of(emulated(group));
  for (const long epochs : {1L, 5L}) EXPECT_EQ(numbers_of(emulated(group, epochs)), whole);
}

TEST(ChannelTraining, HasTheSameBitsInAnyCompany) {
  const auto group = group_of_options<float>(spec_of("LowRankRNN"));
  Group<float> alone(group.spec);
  alone.add(group.courses[0]);
  EXPECT_EQ(numbers_of(emulated(alone)), numbers_of<float>({emulated(group)[0]}));
}

}  // namespace
