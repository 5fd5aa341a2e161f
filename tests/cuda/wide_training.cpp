// The emulated training of networks of many channels, and of large low-rank gated ones, against the CPU engine's.
#include <gtest/gtest.h>

#include "training_against_cpu.hpp"

namespace {

using namespace tbrnn;
using emulator::Device;

Spec spec_of(const char* model, int units, int rank, int inputs, int outputs) {
  Spec spec;
  spec.model = model;
  spec.units = units;
  spec.ranks = {rank, rank};
  spec.inputs = inputs;
  spec.outputs = outputs;
  spec.alpha = 0.5;
  spec.scale_two = 1.0 / units;
  spec.scale_three = 1.0 / (units * units);
  if (spec.model.ends_with("GRU")) spec.form = Form::voltage;
  return spec;
}

TEST(WideTraining, IsThatOfTheCpuEngineInFloat64) {
  for (const Spec& spec :
       {spec_of("LowRankGRU", 7, 2, 34, 33), spec_of("LowRankRNN", 36, 34, 2, 3)}) {
    SCOPED_TRACE(spec.model);
    Group<double> group(spec, 0.2, 5);
    const auto options = group_of_options<double>(spec, 0.2, 5);
    for (const std::size_t i : {0u, 3u, 4u}) group.add(options.courses[i], options.validates[i]);
    expect_the_cpu_engine(group, 1e-9);
  }
}

// A few epochs, with noise and clipping.
template <class T>
Group<T> few_epochs(const Spec& spec) {
  Group<T> group(spec, 0.2);
  Course course{.sigma = 0.1, .lr_first = 0.002, .lr_last = 0.002, .epochs = 3};
  course.clip = 0.05;
  group.add(course, true);
  return group;
}

TEST(WideTraining, OfLargeNetworksIsThatOfTheCpuEngine) {
  if (emulator::sanitized) GTEST_SKIP() << "the sanitizers are slow";
  for (const Spec& spec :
       {spec_of("LowRankGRU", 130, 3, 2, 3), spec_of("LeakyGRU", 33, 0, 85, 33),
        spec_of("RNN", 33, 0, 85, 33), spec_of("LowRankTBRNN", 130, 2, 85, 40)}) {
    SCOPED_TRACE(spec.model);
    expect_the_cpu_engine(few_epochs<float>(spec), 1e-4);
  }
}

TEST(WideTraining, HasTheSameBitsInEveryOrderOfExecutionAndInAnyTeam) {
  const auto group = few_epochs<float>(spec_of("LowRankGRU", 12, 2, 34, 3));
  EXPECT_EQ(fault(group), "");
  const auto whole = numbers_of(emulated(group));
  EXPECT_EQ(numbers_of(emulated(group, 2)), whole);
  const Device small(1);
  EXPECT_EQ(numbers_of(emulated(group)), whole);
}

}  // namespace
