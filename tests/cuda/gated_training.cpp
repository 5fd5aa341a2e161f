// The emulated training of gated networks against the CPU engine's.
#include <gtest/gtest.h>

#include "training_against_cpu.hpp"

namespace {

using namespace tbrnn;

Spec spec_of(const char* model, int rank) {
  Spec spec;
  spec.model = model;
  spec.units = 7;
  spec.ranks = {rank, 0};
  spec.inputs = 2;
  spec.outputs = 3;
  spec.alpha = 0.5;
  spec.form = Form::voltage;
  return spec;
}

TEST(GatedTraining, IsThatOfTheCpuEngineInFloat64) {
  for (const Spec& spec : {spec_of("LowRankGRU", 2), spec_of("LeakyGRU", 0)}) {
    SCOPED_TRACE(spec.model);
    expect_the_cpu_engine(group_of_options<double>(spec), 1e-9);
  }
}

TEST(GatedTraining, IsThatOfTheCpuEngineInFloat32) {
  expect_the_cpu_engine(group_of_options<float>(spec_of("LowRankGRU", 1)), 1e-4);
}

TEST(GatedTraining, HasTheSameBitsInEveryOrderOfExecution) {
  EXPECT_EQ(fault(group_of_options<float>(spec_of("LowRankGRU", 1))), "");
}

TEST(GatedTraining, HasTheSameBitsWhereverLaunchesAreCut) {
  const auto group = group_of_options<float>(spec_of("LowRankGRU", 2));
  EXPECT_EQ(numbers_of(emulated(group, 5)), numbers_of(emulated(group)));
}

}  // namespace
