// The emulated kernels of gated units against the CPU engine in float64: loss and gradient over pairwise choices of options and sizes,
// under every schedule with the same bits.
#include <gtest/gtest.h>

#include <string>

#include "against_cpu.hpp"
#include "pairwise.hpp"

namespace {

using namespace tbrnn;

enum Option {
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
const std::vector<int> values = {2, 7, 4, 4, 3, 3, 5, 3, 4, 2, 2, 3, 2, 3};

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

#if defined(__SANITIZE_ADDRESS__)
constexpr int most_units = 33;  // sanitizers slow an emulated device down
#else
constexpr int most_units = 100;
#endif

bool allowed(const Choice& c) {
  const int n = units_list[c[units]];
  const bool large = n > 33 && c[trials] == 2 && c[steps] == 2;
  const bool exists = c[model] == 0 ? rank_list[c[rank]] <= n : c[rank] == 0;
  return exists && !large && n <= most_units;
}

std::string describe(const Choice& c) {
  const char* const names[options] = {"model", "units", "rank",    "channels", "trials",
                                      "steps", "phi",   "match",   "bias",     "identity",
                                      "alpha", "mask",  "initial", "noise"};
  std::string text;
  for (std::size_t i = 0; i < c.size(); ++i)
    text += std::string(names[i]) + " " + std::to_string(c[i]) + ", ";
  return text;
}

template <class T>
void expect_the_cpu_engine_everywhere(unsigned seed, double tolerance) {
  int cases = 0;
  for (const Choice& choice : pairwise(values, allowed, seed)) {
    SCOPED_TRACE(describe(choice));
    expect_the_cpu_engine<T>(case_of(choice), tolerance);
    ++cases;
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GE(cases, 25);
}

TEST(GatedGradient, IsThatOfTheCpuEngineInFloat32) {
  expect_the_cpu_engine_everywhere<float>(0, 1e-5);
}

TEST(GatedGradient, IsThatOfTheCpuEngineInFloat64) {
  expect_the_cpu_engine_everywhere<double>(1, 1e-12);
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
    SCOPED_TRACE(describe(c));
    const Case tested = case_of(c);
    EXPECT_STREQ(cuda::kernel_of<float>(tested.spec, tested.match), row.kernel);
    expect_the_cpu_engine<float>(tested, 1e-5);
  }
}

}  // namespace
