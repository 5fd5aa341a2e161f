// The emulated kernels with a product stage against the CPU engine in float64: loss and gradient of full-rank and full three-body
// networks over pairwise choices of options and sizes, under every schedule with the same bits.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "against_cpu.hpp"
#include "pairwise.hpp"

namespace {

using namespace tbrnn;

enum Option {
  model,
  units,
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
  masked,
  options
};
const std::vector<int> values = {4, 5, 4, 3, 3, 2, 5, 5, 3, 4, 2, 2, 3, 2, 3, 2, 2};

constexpr const char* models[] = {"RNN", "EIRNN", "TBRNN", "HORNN"};
constexpr int trials_list[] = {1, 5, 33}, steps_list[] = {1, 2, 17};

bool is_dense(const Choice& c) { return c[model] < 2; }

int units_of(const Choice& c) {
  constexpr int few[] = {1, 7, 30, 31, 33}, many[] = {7, 31, 33, 64, 100};
  return (is_dense(c) ? many : few)[c[units]];
}

Constant some_of(int entries) {  // of a parameter, without symmetry
  std::vector<double> mask = Numbers(4).uniform(static_cast<std::size_t>(entries), 0.0, 1.0);
  for (double& entry : mask) entry = entry < 0.7;
  return std::make_shared<const std::vector<double>>(std::move(mask));
}

Case case_of(const Choice& c) {
  const int n = units_of(c);
  Spec spec;
  spec.model = models[c[model]];
  spec.units = n;
  spec.excitatory = n - n / 3;
  spec.inputs = 1 + c[channels];
  spec.outputs = 4 - c[channels];
  spec.alpha = c[alpha] ? 1.0 : 0.3;
  spec.form = static_cast<Form>(c[form]);
  spec.phi = {.kind = static_cast<Nonlinearity>(c[phi])};
  spec.phi_out = {.kind = static_cast<Nonlinearity>(c[phi_out])};
  spec.input_bias = c[bias] & 1;
  spec.output_bias = c[bias] & 2;
  if (c[leak]) spec.alphas = Numbers(2).uniform(static_cast<std::size_t>(n), 0.1, 0.9);
  if (c[leak]) spec.cubic = 0.2;
  spec.gated = c[constraint] == 1 && c[model] == 3;
  spec.identity_readout = c[constraint] == 1 && c[model] < 3;
  if (spec.identity_readout) spec.outputs = n;
  if (c[masked])
    spec.masks = {
        {c[model] == 3 ? "w_hh_tbrnn" : "w_hh", some_of(is_dense(c) ? n * n : n * n * n)}};
  const Match m = static_cast<Match>(c[match]);
  const double largest = is_dense(c)
                             ? 0.6 / std::sqrt(n)
                             : 0.6 / n;  // of a drive's weights, so that states stay bounded
  return Case(
             spec, m,
             Experiment(spec, m, trials_list[c[trials]], steps_list[c[steps]], c[mask], c[initial]),
             c[noise] ? 0.1 : 0.0, largest)
      .with_noisy_inputs(c[noise] == 2 ? 0.2 : 0.0);
}

// Sanitizers slow an emulated device down so much that they look at networks of few units only.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

// 33 trials of 17 steps are left to networks of few units.
bool allowed(const Choice& c) {
  const bool few = units_of(c) <= (is_dense(c) ? 33 : 7);
  return few || (!sanitized && (c[trials] != 2 || c[steps] != 2));
}

std::string describe(const Choice& c) {
  const char* const names[options] = {
      "model", "units",      "channels", "trials", "steps",   "form",  "phi",  "phi_out", "match",
      "bias",  "constraint", "alpha",    "mask",   "initial", "noise", "leak", "masked"};
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

TEST(ProductGradient, IsThatOfTheCpuEngineInFloat32) {
  for (const unsigned seed : {0u, 1u}) expect_the_cpu_engine_everywhere<float>(seed, 1e-5);
}

TEST(ProductGradient, IsThatOfTheCpuEngineInFloat64) {
  expect_the_cpu_engine_everywhere<double>(2, 1e-12);
}

// More trials than a block works on at a time, with the history of many steps.
TEST(ProductGradient, SumsOverTilesAndTurns) {
  for (int m = 0; m < 4; ++m)
    for (const int u : sanitized ? std::vector{1} : std::vector{2, 4}) {
      Choice c(options, 0);
      c[model] = m;
      c[units] = u;
      c[channels] = 2;
      c[trials] = 2;
      c[steps] = m < 2 ? 2 : 1;
      c[bias] = 3;
      c[constraint] = m == 3;
      SCOPED_TRACE(describe(c));
      const Case tested = case_of(c);
      const std::string name = cuda::kernel_of<float>(tested.spec, tested.match);
      EXPECT_EQ(name, m < 2 ? "dense, in one block" : "polynomial, in one block");
      expect_the_cpu_engine<float>(tested, 1e-5);
    }
}

}  // namespace
