// The emulated kernels with a product stage against the CPU engine in float64: loss and gradient of full-rank and full three-body
// networks over pairwise choices of options and sizes, under every schedule with the same bits.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "against_cpu.hpp"

namespace {

using namespace tbrnn;
using emulator::sanitized;

enum {
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
  loss,
  options
};
const Options all = {
    {"model", 4}, {"units", 6},   {"channels", 5}, {"trials", 3}, {"steps", 3},      {"form", 2},
    {"phi", 5},   {"phi_out", 5}, {"match", 3},    {"bias", 4},   {"constraint", 2}, {"alpha", 2},
    {"mask", 3},  {"initial", 2}, {"noise", 3},    {"leak", 2},   {"masked", 2},     {"loss", 3}};

constexpr const char* models[] = {"RNN", "EIRNN", "TBRNN", "HORNN"};
constexpr int trials_list[] = {1, 5, 33}, steps_list[] = {1, 2, 17};

bool is_dense(const Choice& c) { return c[model] < 2; }

int units_of(const Choice& c) {
  constexpr int few[] = {1, 7, 30, 31, 33, 32}, many[] = {7, 30, 31, 33, 64, 100};
  return (is_dense(c) ? many : few)[c[units]];
}

Case case_of(const Choice& c) {
  const int n = units_of(c);
  Spec spec;
  spec.model = models[c[model]];
  spec.units = n;
  spec.excitatory = n - n / 3;
  spec.inputs = c[channels] < 4 ? 1 + c[channels] : 31;
  spec.outputs = c[channels] < 4 ? 4 - c[channels] : 30;
  spec.alpha = c[alpha] ? 1.0 : 0.3;
  spec.form = static_cast<Form>(c[form]);
  spec.phi = {.kind = static_cast<Nonlinearity>(c[phi])};
  spec.phi_out = {.kind = static_cast<Nonlinearity>(c[phi_out])};
  spec.input_bias = c[bias] & 1;
  spec.output_bias = c[bias] & 2;
  if (c[leak]) spec.alphas = Numbers(2).uniform(static_cast<std::size_t>(n), 0.1, 0.9);
  if (c[leak]) spec.cubic = c[channels] < 4 ? 0.2 : 0.005;  // many inputs drive far
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
      .with_noisy_inputs(c[noise] == 2 ? 0.2 : 0.0)
      .of(static_cast<Loss>(c[loss]));
}

// A block has a trial at a time, which is slow here: 33 trials of 17 steps are left to a test of their own.
bool allowed(const Choice& c) {
  const bool few = units_of(c) <= (is_dense(c) ? 33 : 7);
  const bool comparable = c[loss] != static_cast<int>(Loss::cross_entropy) || c[mask] < 2;
  return (c[trials] != 2 || c[steps] != 2) && (few || !sanitized) && comparable;
}

TEST(ProductGradient, IsThatOfTheCpuEngineInFloat32) {
  EXPECT_GE(expect_the_cpu_engine<float>(all, allowed, case_of, 0, 1e-5), 25);
}

TEST(ProductGradient, IsThatOfTheCpuEngineInFloat64) {
  EXPECT_GE(expect_the_cpu_engine<double>(all, allowed, case_of, 2, 1e-12), 25);
}

TEST(ProductGradient, SumsOverManyTrialsAndSteps) {
  for (int m = 0; m < 4; ++m)
    for (const int u : sanitized ? std::vector{1}
                       : m == 0  ? std::vector{3, 5}
                       : m == 1  ? std::vector{3}
                                 : std::vector{2}) {  // 33 and 100; 33; 30
      Choice c(options, 0);
      c[model] = m;
      c[units] = u;
      c[channels] = 2;
      c[trials] = 2;
      c[steps] = m < 2 ? 2 : 1;
      c[bias] = 3;
      c[constraint] = m == 3;
      SCOPED_TRACE(describe(all, c));
      const Case tested = case_of(c);
      const std::string name = cuda::kernel_of<float>(tested.spec, tested.match);
      EXPECT_EQ(name, m < 2 ? "dense, in one block" : "polynomial, in one block");
      expect_the_cpu_engine<float>(tested, 1e-5);
    }
}

// Weights that a thread does not hold in registers, in shared memory and where there is no room for them.
TEST(ProductGradient, HasTheSameBitsWhereverTheWeightsAre) {
  for (const int m : {0, 2}) {
    Choice c(options, 0);
    c[model] = m;
    c[units] = m == 0 ? 5 : sanitized ? 1 : 4;  // 100 or 33
    c[channels] = 2;
    c[trials] = 1;
    c[steps] = 1;
    SCOPED_TRACE(describe(all, c));
    std::vector<double> inside, outside;
    ASSERT_EQ(emulate<double>(case_of(c), inside), "");
    const std::size_t room = emulator::most_shared_bytes, used = emulator::last_launch.shared_bytes;
    emulator::most_shared_bytes = used - 1;
    EXPECT_EQ(emulate<double>(case_of(c), outside), "");
    emulator::most_shared_bytes = room;
    EXPECT_LT(emulator::last_launch.shared_bytes, used);
    EXPECT_EQ(inside, outside);
  }
}

}  // namespace
