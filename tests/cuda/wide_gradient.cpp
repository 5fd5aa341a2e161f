// The emulated kernels of networks of many channels, and of large low-rank gated ones, against the CPU engine in float64: loss and gradient
// over pairwise choices of options and sizes, under every schedule with the same bits.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "against_cpu.hpp"

namespace {

using namespace tbrnn;
using emulator::Clusters;
using emulator::Device;
using emulator::sanitized;

enum {
  model,
  units,
  width,
  rank,
  trials,
  steps,
  form,
  phi,
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
const Options all = {{"model", 7},      {"units", 6}, {"width", 5}, {"rank", 4},    {"trials", 3},
                     {"steps", 3},      {"form", 2},  {"phi", 5},   {"match", 3},   {"bias", 4},
                     {"constraint", 2}, {"alpha", 2}, {"mask", 3},  {"initial", 2}, {"noise", 4},
                     {"leak", 3},       {"loss", 3}};

struct Kind {
  const char *model, *kernel;
  int units[6];
};
constexpr Kind kinds[] = {
    {"RNN", "dense, in a team of blocks", {1, 7, 30, 31, 33, 130}},
    {"LowRankRNN", "channel, in a team of blocks", {7, 30, 31, 33, 34, 130}},
    {"LowRankTBRNN", "channel, in a team of blocks", {7, 30, 31, 33, 34, 130}},
    {"LowRankHORNN", "channel, in a team of blocks", {7, 30, 31, 33, 34, 130}},
    {"TBRNN", "polynomial, in a team of blocks", {1, 7, 29, 30, 31, 33}},
    {"LeakyGRU", "gated dense, in a team of blocks", {1, 7, 30, 31, 33, 130}},
    {"LowRankGRU", "gated, in a team of blocks", {7, 30, 31, 33, 34, 130}}};
constexpr int inputs_list[] = {85, 33, 90, 1, 2}, outputs_list[] = {33, 40, 1, 40, 3},
              rank_list[] = {1, 2, 3, 34}, trials_list[] = {1, 5, 33}, steps_list[] = {1, 2, 17};

int units_of(const Choice& c) { return kinds[c[model]].units[c[units]]; }
bool has_ranks(const Choice& c) { return (c[model] > 0 && c[model] < 4) || c[model] == 6; }
bool is_gated(const Choice& c) { return c[model] > 4; }

Spec spec_of(const Choice& c) {
  const int n = units_of(c);
  const std::string name = kinds[c[model]].model;
  Spec spec;
  spec.model = name;
  spec.units = n;
  if (has_ranks(c)) spec.ranks = {rank_list[c[rank]], std::min(2, rank_list[c[rank]])};
  if (name == "LowRankTBRNN") spec.ranks.three = rank_list[c[rank]];
  spec.inputs = inputs_list[c[width]];
  spec.outputs = outputs_list[c[width]];
  spec.alpha = c[alpha] ? 1.0 : 0.3;
  spec.scale_two = 1.0 / n;
  spec.scale_three = 1.0 / (n * n);
  spec.form = is_gated(c) ? Form::voltage : static_cast<Form>(c[form]);
  spec.phi = {.kind = static_cast<Nonlinearity>(c[phi])};
  spec.input_bias = c[bias] & 1;
  spec.output_bias = c[bias] & 2;
  spec.rectified_inputs = c[noise] == 3;
  if (c[leak] && !is_gated(c))
    spec.alphas = Numbers(2).uniform(static_cast<std::size_t>(n), 0.1, 0.9);
  if (c[leak] == 2 && !is_gated(c)) spec.cubic = 0.2;
  spec.gated = c[constraint] && name == "LowRankHORNN";
  spec.hard_orth = c[constraint] && name == "LowRankTBRNN" && spec.inputs < 64;
  return spec;
}

// Many inputs are small, so that the sums over them are not large.
Case case_of(const Choice& c) {
  const Spec spec = spec_of(c);
  const Match m = static_cast<Match>(c[match]);
  const double n = spec.units;
  Experiment shown(spec, m, trials_list[c[trials]], steps_list[c[steps]], c[mask], c[initial]);
  for (double& u : shown.input) u = static_cast<float>(u / std::sqrt(spec.inputs));
  const double largest = has_ranks(c) ? 0.6 : c[model] == 4 ? 0.6 / n : 0.6 / std::sqrt(n);
  return Case(spec, m, shown, c[noise] ? 0.1 : 0.0, largest)
      .with_noisy_inputs(c[noise] > 1 ? 0.2 / std::sqrt(spec.inputs) : 0.0)
      .of(static_cast<Loss>(c[loss]));
}

// More than 32 channels, or a large gated network; many trials and steps are left to few units.
bool allowed(const Choice& c) {
  const int n = units_of(c), of_rank = rank_list[c[rank]];
  if (sanitized && n > 34) return false;
  if (has_ranks(c) ? of_rank > n : c[rank] > 0) return false;
  const bool outputs = static_cast<Match>(c[match]) == Match::outputs,
             wide = inputs_list[c[width]] > 32 || (outputs && outputs_list[c[width]] > 32) ||
                    (has_ranks(c) && of_rank > 32),
             large = c[model] == 6 && n > 128;
  if (!wide && !large) return false;
  const int tiles = c[trials] == 2 ? 2 : 1;
  if (tiles * steps_list[c[steps]] > (n > 34 ? 17 : 34)) return false;
  return c[loss] != static_cast<int>(Loss::cross_entropy) || c[mask] < 2;
}

template <class T>
Case in_its_kernel(const Choice& choice) {
  const Case tested = case_of(choice);
  EXPECT_STREQ(cuda::kernel_of<T>(tested.spec, tested.match), kinds[choice[model]].kernel);
  return tested;
}

TEST(WideGradient, IsThatOfTheCpuEngineInFloat32) {
  EXPECT_GE(expect_the_cpu_engine<float>(all, allowed, in_its_kernel<float>, 0, 1e-5), 20);
}

TEST(WideGradient, IsThatOfTheCpuEngineInFloat64) {
  EXPECT_GE(expect_the_cpu_engine<double>(all, allowed, in_its_kernel<double>, 1, 1e-12), 20);
}

Choice plain(int which, int size, int of_width, int of_rank = 0) {
  Choice c(options, 0);
  c[model] = which;
  c[units] = sanitized ? 4 : size;
  c[width] = of_width;
  c[rank] = of_rank;
  c[trials] = 1;
  c[steps] = 1;
  c[bias] = 3;
  c[noise] = 1;
  return c;
}

// The sums do not depend on how many blocks share the work.
TEST(WideGradient, HasTheSameBitsInTeamsOfEverySize) {
  for (const Choice& choice : {plain(6, 5, 1, 2), plain(6, 4, 0, 3), plain(0, 4, 0)}) {
    SCOPED_TRACE(describe(all, choice));
    const Case tested = case_of(choice);
    std::vector<double> alone, together;
    {
      const Device small(1);
      EXPECT_EQ(emulate<float>(tested, alone), "");
      EXPECT_FALSE(emulator::last_launch.cooperative);
    }
    const Device large(10);  // five blocks for each member
    EXPECT_EQ(emulate<float>(tested, together), "");
    EXPECT_TRUE(emulator::last_launch.cooperative);
    EXPECT_EQ(alone, together);
  }
}

TEST(WideGradient, IsThatOfTheCpuEngineInClusters) {
  const Clusters device(4);
  Case dense = case_of(plain(0, 4, 0)), bulk = case_of(plain(2, 4, 1, 2));
  bulk.spec.bulk =
      std::make_shared<const std::vector<double>>(Numbers(6).uniform(34 * 34, -0.15, 0.15));
  for (const Case& tested : {dense, bulk}) {
    SCOPED_TRACE(tested.spec.model);
    EXPECT_STREQ(cuda::kernel_of<float>(tested.spec, tested.match),
                 tested.spec.bulk ? "bulk and channels, in a cluster of blocks"
                                  : "dense, in a cluster of blocks");
    expect_the_cpu_engine<float>(tested, 1e-5);
  }
}

// Of shared memory: more than a cluster has are a team's, more than a block has nobody's.
TEST(WideGradient, OfMoreChannelsThanSharedMemoryHoldsIsRefused) {
  const Clusters device(4);
  const auto kernel = [](Spec spec, int inputs, bool bulk) {
    spec.inputs = inputs;
    if (bulk) spec.bulk = std::make_shared<const std::vector<double>>(34 * 34, 0.0);
    return std::string(cuda::kernel_of<float>(spec, Match::outputs));
  };
  const Spec dense = spec_of(plain(0, 4, 0)), few = spec_of(plain(2, 4, 1, 2)),
             many = spec_of(plain(2, 4, 1, 3));
  EXPECT_EQ(kernel(few, 3, true), "bulk and channels, in a cluster of blocks");
  EXPECT_EQ(kernel(many, 3, true), "bulk and channels, in a team of blocks");
  EXPECT_EQ(kernel(dense, 1519, false), "dense, in a cluster of blocks");  // 264 + 33 + 1519 rows
  EXPECT_EQ(kernel(dense, 1520, false),
            "none: each reduction, readout, drive and input takes 128 bytes of a block's shared "
            "memory (float64: 256), and all together more than it has here");
}

}  // namespace
