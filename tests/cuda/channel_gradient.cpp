// The emulated channel kernel against the CPU engine in float64: loss and gradient over pairwise choices of options and sizes, under
// every schedule with the same bits.
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "against_cpu.hpp"

namespace {

using namespace tbrnn;

constexpr const char* models[] = {"LowRankRNN", "LowRankTBRNN", "LowRankHORNN"};
constexpr int units_list[] = {1, 7, 30, 31, 33, 64, 100}, trials_list[] = {1, 5, 33},
              steps_list[] = {1, 2, 17};

// Options and how many values each has; 33 trials of 17 steps of a network of more than 33 units are left to a test of their own.
enum {
  model,
  units,
  ranks,
  channels,
  trials,
  steps,
  form,
  phi,
  phi_out,
  match,
  bias,
  constraint,
  alpha,
  mask,
  initial,
  noise,
  leak,
  loss,
  options
};
const Options all = {{"model", 3}, {"units", 7},      {"ranks", 3}, {"channels", 3}, {"trials", 3},
                     {"steps", 3}, {"form", 2},       {"phi", 7},   {"phi_out", 7},  {"match", 3},
                     {"bias", 4},  {"constraint", 3}, {"alpha", 2}, {"mask", 3},     {"initial", 2},
                     {"noise", 4}, {"leak", 3},       {"loss", 3}};
constexpr Activation<double> activations[] = {{Nonlinearity::tanh},
                                              {Nonlinearity::relu},
                                              {Nonlinearity::sigmoid},
                                              {Nonlinearity::softplus},
                                              {Nonlinearity::identity},
                                              {Nonlinearity::relu, 1.2, 0.1, 1.0, 0.2},
                                              {Nonlinearity::softplus, 3.0, -0.2, 0.5}};

Spec spec_of(const Choice& c) {
  const int n = units_list[c[units]];
  const int rank = std::min(1 + c[ranks], n);
  Spec spec;
  spec.model = models[c[model]];
  spec.units = n;
  spec.ranks = {rank, c[model] == 2 && c[ranks] == 2 ? std::min(2, n) : rank};
  spec.inputs = 1 + c[channels];
  spec.outputs = 3 - c[channels];
  spec.alpha = c[alpha] ? 1.0 : 0.3;
  spec.form = static_cast<Form>(c[form]);
  spec.phi = activations[c[phi]];
  spec.phi_out = activations[c[phi_out]];
  if (c[leak]) spec.alphas = Numbers(2).uniform(static_cast<std::size_t>(n), 0.1, 0.9);
  if (c[leak] == 2) spec.cubic = 0.2;
  spec.scale_two = 1.0 / n;
  spec.scale_three = 1.0 / (n * n);
  spec.input_bias = c[bias] & 1;
  spec.output_bias = c[bias] & 2;
  spec.rectified_inputs = c[noise] == 3;
  spec.identity_readout = c[constraint] == 1;
  if (spec.identity_readout) spec.outputs = n;
  spec.gated = c[constraint] == 2 && c[model] == 2;
  spec.hard_orth = c[constraint] == 2 && c[model] == 1;
  return spec;
}

Case case_of(const Choice& c) {
  const Spec spec = spec_of(c);
  const Match m = static_cast<Match>(c[match]);
  return Case(
             spec, m,
             Experiment(spec, m, trials_list[c[trials]], steps_list[c[steps]], c[mask], c[initial]),
             c[noise] ? 0.1 : 0.0)
      .with_noisy_inputs(c[noise] > 1 ? 0.2 : 0.0)
      .of(static_cast<Loss>(c[loss]));
}

bool allowed(const Choice& c) {
  const bool large = units_list[c[units]] > 33 && c[trials] == 2 && c[steps] == 2;
  const bool ranks_fit = c[ranks] == 0 || units_list[c[units]] > 1;
  const bool masked = c[loss] != static_cast<int>(Loss::cross_entropy) || c[mask] < 2;
  return !large && ranks_fit && masked && (c[constraint] < 2 || c[model] > 0);
}

template <class T>
void expect_the_cpu_engine_everywhere(double tolerance) {
  EXPECT_GE(expect_the_cpu_engine<T>(all, allowed, case_of, 0, tolerance), 35);
}

TEST(ChannelGradient, IsThatOfTheCpuEngineInFloat32) {
  expect_the_cpu_engine_everywhere<float>(1e-5);
}

TEST(ChannelGradient, IsThatOfTheCpuEngineInFloat64) {
  expect_the_cpu_engine_everywhere<double>(1e-12);
}

// Rate form, tanh, small counts: the kernels whose weights stay in registers, in turn over pairwise choices of all else.
TEST(ChannelGradient, IsThatOfTheCpuEngineInRegisters) {
  std::vector<Choice> kernels;
  for (const Match loss : {Match::outputs, Match::rates})
    for (int m = 0; m < 3; ++m)
      for (int r = 0; r < (m == 2 ? 2 : loss == Match::rates ? 6 : 3); ++r)
        kernels.push_back({m, r, static_cast<int>(loss)});
  ASSERT_EQ(kernels.size(), 22u);  // every kernel of kernels.cuh
  std::size_t turn = 0;
  for (Choice c : pairwise(all, allowed, 0)) {
    const Choice& kernel = kernels[turn++ % kernels.size()];
    c[model] = kernel[0];
    c[ranks] = kernel[1];
    c[match] = kernel[2];
    c[form] = c[phi] = c[phi_out] = 0;
    c[constraint] = c[model] && c[constraint] == 2 ? 2 : 0;
    c[units] = 1 + c[units] % 2;  // 7 or 30
    c[leak] = c[loss] = 0;
    c[noise] %= 2;
    SCOPED_TRACE(describe(all, c));
    const Case tested = case_of(c);
    ASSERT_STREQ(cuda::kernel_of<float>(tested.spec, tested.match), "channel, in registers");
    expect_the_cpu_engine<float>(tested, 1e-5);
  }
  EXPECT_GE(turn, 2 * kernels.size());
}

// Their time loops take up to four steps a turn.
TEST(ChannelGradient, IsThatOfTheCpuEngineOverAnyNumberOfSteps) {
  for (const Match match : {Match::outputs, Match::rates})
    for (int count = 1; count < 10; ++count) {
      Choice c(all.size(), 0);
      c[units] = 2 + count % 2;  // 30 or 31
      c[ranks] = 2;
      const Spec spec = spec_of(c);
      SCOPED_TRACE(count);
      const Case tested(spec, match, Experiment(spec, match, 5, count, 1, true), 0.1);
      ASSERT_STREQ(cuda::kernel_of<float>(tested.spec, match), "channel, in registers");
      expect_the_cpu_engine<float>(tested, 1e-5);
    }
}

// Of more than 33 units; in one order of execution.
TEST(ChannelGradient, IsThatOfTheCpuEngineForManyUnitsTrialsAndSteps) {
  if (emulator::sanitized) GTEST_SKIP() << "the sanitizers are slow";
  for (int m = 0; m < 3; ++m) {
    Choice c(all.size(), 0);
    c[model] = m;
    c[units] = m == 2 ? 6 : 5;
    c[ranks] = c[trials] = c[steps] = 2;
    const Case tested = case_of(c);
    expect_near_the_cpu_engine(tested, computed(tested), 1e-5);
  }
}

// In global memory, or in shared memory where that has room for all steps.
TEST(ChannelGradient, HasTheSameBitsWhereverTheChannelsLie) {
  for (int m = 0; m < 3; ++m) {
    Choice c(all.size(), 0);
    c[model] = m;
    c[steps] = 2;
    c[units] = 2;
    const Case tested = case_of(c);
    ASSERT_STREQ(cuda::kernel_of<float>(tested.spec, tested.match), "channel, in registers");
    std::vector<double> global, shared;
    EXPECT_EQ(emulate<float>(tested, shared), "");
    const std::size_t room = std::exchange(emulator::most_shared_bytes, 60 << 10);
    EXPECT_EQ(emulate<float>(tested, global), "");
    emulator::most_shared_bytes = room;
    EXPECT_EQ(global, shared);
  }
}

TEST(ChannelGradient, IsThatOfATeamForMoreThan32Channels) {
  Spec spec;
  spec.model = "LowRankRNN";
  spec.units = 2;
  spec.ranks = {1, 0};
  spec.inputs = spec.outputs = 1;
  EXPECT_STREQ(cuda::kernel_of<float>(spec, Match::outputs), "channel, in registers");
  spec.ranks = {31, 0};
  EXPECT_STREQ(cuda::kernel_of<float>(spec, Match::outputs), "channel, in local memory");
  spec.ranks = {32, 0};
  EXPECT_STREQ(cuda::kernel_of<float>(spec, Match::outputs), "channel, in a team of blocks");
}

TEST(Kernels, OfProductsNeedComputeCapability80) {
  for (const char* model : {"RNN", "TBRNN", "LowRankRNN"}) {
    Spec spec;
    spec.model = model;
    spec.units = 7;
    spec.ranks = {1, 1};
    spec.inputs = spec.outputs = 1;
    const auto kernel = [&] { return std::string(cuda::kernel_of<float>(spec, Match::outputs)); };
    EXPECT_NE(kernel().substr(0, 4), "none");
    emulator::capability = 75;
    EXPECT_EQ(kernel().substr(0, 4) == "none", spec.model != "LowRankRNN");
    emulator::capability = 90;
  }
}

}  // namespace
