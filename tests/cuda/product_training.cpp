// The emulated training of networks with a product stage against the CPU engine's.
#include <gtest/gtest.h>

#include <limits>
#include <memory>

#include "training_against_cpu.hpp"

namespace {

using namespace tbrnn;

Spec spec_of(const char* model) {
  Spec spec;
  spec.model = model;
  spec.units = 7;
  spec.inputs = 2;
  spec.outputs = 3;
  spec.alpha = 0.5;
  spec.excitatory = 5;
  spec.gated = spec.model == "HORNN";
  return spec;
}

constexpr int trials = 9;  // a block emulates one after the other

constexpr const char* models[] = {"RNN", "EIRNN", "TBRNN", "HORNN"};

TEST(ProductTraining, IsThatOfTheCpuEngineInFloat64) {
  for (const char* model : models) {
    SCOPED_TRACE(model);
    expect_the_cpu_engine(group_of_options<double>(spec_of(model), 0.1, trials), 1e-9);
  }
}

TEST(ProductTraining, KeepsMasksAndBoundsAsTheCpuEngineDoes) {
  Spec spec = spec_of("RNN");
  std::vector<double> mask(49, 1.0);
  for (std::size_t i = 0; i < mask.size(); i += 3) mask[i] = 0.0;
  spec.masks = {{"w_hh", std::make_shared<const std::vector<double>>(mask)}};
  spec.bounds = {{"w_in", 0.0, 0.05}, {"b_out", -0.02, std::numeric_limits<double>::infinity()}};
  spec.alphas = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7};
  spec.cubic = 0.1;
  const auto group = group_of_options<double>(spec, 0.1, trials);
  expect_the_cpu_engine(group, 1e-9);
  const auto w_in = find(fields(spec), "w_in")->offset;
  const std::vector<double> last = emulated(group)[0].last;
  for (std::size_t i = 0; i < 49; i += 3) EXPECT_EQ(last[i], group.parameters[i]);
  for (std::size_t i = 0; i < 14; ++i) {
    EXPECT_GE(last[w_in + i], 0.0);
    EXPECT_LE(last[w_in + i], 0.05);
  }
}

TEST(ProductTraining, IsThatOfTheCpuEngineInFloat32) {
  expect_the_cpu_engine(group_of_options<float>(spec_of("HORNN"), 0.1, trials), 1e-4);
}

TEST(ProductTraining, HasTheSameBitsInEveryOrderOfExecution) {
  for (const char* model : {"EIRNN", "HORNN"}) {
    Group<float> group(spec_of(model), 0.1, trials);
    Course c{.sigma = 0.1, .lr_first = 0.02, .lr_last = 0.02, .epochs = 2};
    group.add(c, true);
    c.batch = 5;
    group.add(c);
    EXPECT_EQ(fault(group), "");
  }
}

TEST(ProductTraining, HasTheSameBitsWhereverLaunchesAreCut) {
  const auto group = group_of_options<float>(spec_of("HORNN"), 0.1, trials);
  EXPECT_EQ(numbers_of(emulated(group, 5)), numbers_of(emulated(group)));
}

TEST(ProductTraining, HasTheSameBitsInAnyCompany) {
  const auto group = group_of_options<float>(spec_of("TBRNN"), 0.1, trials);
  Group<float> alone(group.spec, 0.1, trials);
  alone.add(group.courses[0]);
  EXPECT_EQ(numbers_of(emulated(alone)), numbers_of<float>({emulated(group)[0]}));
}

}  // namespace
