// The emulated kernels of gated units against the CPU engine in float64: loss and gradient over pairwise choices of options and sizes,
// under every schedule with the same bits.
#include <gtest/gtest.h>

#include <string>

#include "against_cpu.hpp"

namespace {

using namespace tbrnn;

enum {
  model,
  units,
  rank,
  channels,
  trials,
  steps,
  phi,
  match,
  bias,
  identity,
  alpha,
  mask,
  initial,
  noise,
  options
};
const Options all = {{"model", 2}, {"units", 7}, {"rank", 4},    {"channels", 4}, {"trials", 3},
                     {"steps", 3}, {"phi", 5},   {"match", 3},   {"bias", 4},     {"identity", 2},
                     {"alpha", 2}, {"mask", 3},  {"initial", 2}, {"noise", 3}};

constexpr const char* models[] = {"LowRankGRU", "LeakyGRU"};
constexpr int units_list[] = {1, 7, 30, 31, 33, 64, 100}, rank_list[] = {1, 2, 3, 6},
              outputs_list[] = {1, 2, 3, 1}, trials_list[] = {1, 5, 33}, steps_list[] = {1, 2, 17};

Case case_of(const Choice& c) {
  const int n = units_list[c[units]];
  Spec spec;
  spec.model = models[c[model]];
  spec.units = n;
  if (c[model] == 0) spec.ranks = {rank_list[c[rank]], 0};
  spec.scale_two = c[model] == 0 ? 1.0 / n : 1.0;
  spec.inputs = 1 + c[channels];
  spec.outputs = outputs_list[c[channels]];
  spec.alpha = c[alpha] ? 1.0 : 0.3;
  spec.form = Form::voltage;
  spec.phi = {.kind = static_cast<Nonlinearity>(c[phi])};
  spec.input_bias = c[bias] & 1;
  spec.output_bias = c[bias] & 2;
  spec.identity_readout = c[identity];
  if (spec.identity_readout) spec.outputs = n;
  const Match m = static_cast<Match>(c[match]);
  const double largest = c[model] == 0 ? 0.6 : 0.6 / std::sqrt(n);
  return Case(
             spec, m,
             Experiment(spec, m, trials_list[c[trials]], steps_list[c[steps]], c[mask], c[initial]),
             c[noise] ? 0.1 : 0.0, largest)
      .with_noisy_inputs(c[noise] == 2 ? 0.2 : 0.0);
}

constexpr int most_units = emulator::sanitized ? 33 : 100;

bool allowed(const Choice& c) {
  const int n = units_list[c[units]];
  const bool large = n > 33 && c[trials] == 2 && c[steps] == 2;
  const bool exists = c[model] == 0 ? rank_list[c[rank]] <= n : c[rank] == 0;
  return exists && !large && n <= most_units;
}

TEST(GatedGradient, IsThatOfTheCpuEngineInFloat32) {
  EXPECT_GE(expect_the_cpu_engine<float>(all, allowed, case_of, 0, 1e-5), 25);
}

TEST(GatedGradient, IsThatOfTheCpuEngineInFloat64) {
  EXPECT_GE(expect_the_cpu_engine<double>(all, allowed, case_of, 1, 1e-12), 25);
}

// Every kernel of these models, with more trials than a block works on at a time.
TEST(GatedGradient, IsThatOfTheCpuEngineInEveryKernel) {
  struct Row {
    int model, rank, channels, match, units;
    const char* kernel;
  };
  for (const Row& row :
       {Row{0, 0, 1, 0, 2, "gated, in registers"},  // ranks 1 and 2
        Row{0, 1, 0, 0, 1, "gated, in registers"}, Row{0, 0, 1, 2, 2, "gated, in registers"},
        Row{0, 1, 0, 2, 3, "gated, in registers"}, Row{0, 1, 2, 0, 2, "gated, in local memory"},
        Row{0, 3, 2, 0, 4, "gated, in local memory"},
        Row{1, 0, 2, 0, 2, "gated dense, in one block"},
        Row{1, 0, 2, 2, 4, "gated dense, in one block"}}) {
    Choice c(options, 0);
    c[model] = row.model;
    c[rank] = row.rank;
    c[match] = row.match;
    c[units] = row.units;
    c[channels] = row.channels;
    c[trials] = 2;
    c[steps] = 1;
    c[bias] = 3;
    SCOPED_TRACE(describe(all, c));
    const Case tested = case_of(c);
    EXPECT_STREQ(cuda::kernel_of<float>(tested.spec, tested.match), row.kernel);
    expect_the_cpu_engine<float>(tested, 1e-5);
  }
}

}  // namespace
