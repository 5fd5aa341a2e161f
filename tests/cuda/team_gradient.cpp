// The emulated kernels of teams of blocks against the CPU engine in float64: loss and gradient of large networks, and of low-rank networks
// beside a fixed matrix, over pairwise choices of options and sizes, under every schedule with the same bits.
#include <gtest/gtest.h>

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
    {"model", 9}, {"units", 5},   {"channels", 4}, {"trials", 3}, {"steps", 3},      {"form", 2},
    {"phi", 5},   {"phi_out", 5}, {"match", 3},    {"bias", 4},   {"constraint", 2}, {"alpha", 2},
    {"mask", 3},  {"initial", 2}, {"noise", 4},    {"leak", 3},   {"masked", 2},     {"loss", 3}};

struct Kind {
  const char* model;
  bool bulk;
  const char* kernel;
  int units[5];
  const char* in_clusters = nullptr;  // the kernel, if there is one
};
constexpr const char *bulk_clusters = "bulk and channels, in a cluster of blocks",
                     *dense_clusters = "dense, in a cluster of blocks";
constexpr Kind kinds[] = {  // those with channels, with a matrix, with a tensor
    {"LowRankRNN",
     true,
     "bulk and channels, in a team of blocks",
     {30, 31, 33, 64, 100},
     bulk_clusters},
    {"LowRankTBRNN",
     true,
     "bulk and channels, in a team of blocks",
     {7, 31, 33, 64, 100},
     bulk_clusters},
    {"LowRankHORNN",
     true,
     "bulk and channels, in a team of blocks",
     {1, 30, 33, 64, 130},
     bulk_clusters},
    {"LowRankTBRNN", false, "channel, in a team of blocks", {129, 130, 131, 150, 160}},
    {"RNN", false, "dense, in a team of blocks", {129, 130, 131, 150, 161}, dense_clusters},
    {"EIRNN", false, "dense, in a team of blocks", {129, 130, 133, 140, 161}, dense_clusters},
    {"LeakyGRU", false, "gated dense, in a team of blocks", {129, 130, 131, 150, 161}},
    {"TBRNN", false, "polynomial, in a team of blocks", {65, 65, 65, 65, 66}},
    {"HORNN", false, "polynomial, in a team of blocks", {65, 65, 65, 65, 66}}};
constexpr int trials_list[] = {1, 5, 33}, steps_list[] = {1, 2, 9};

const Kind& kind_of(const Choice& c) { return kinds[c[model]]; }
int units_of(const Choice& c) { return kind_of(c).units[c[units]]; }
bool has_channels(const Choice& c) { return c[model] < 4; }
bool is_dense(const Choice& c) { return c[model] >= 4 && c[model] < 7; }
bool is_gated(const Choice& c) { return c[model] == 6; }

Spec spec_of(const Choice& c) {
  const int n = units_of(c), rank = n == 1 ? 1 : 1 + c[channels] % 3;
  Spec spec;
  spec.model = kind_of(c).model;
  spec.units = n;
  if (has_channels(c)) spec.ranks = {rank, std::min(2, rank)};
  spec.excitatory = n - n / 3;
  spec.inputs = 1 + c[channels];
  spec.outputs = 4 - c[channels];
  spec.alpha = c[alpha] ? 1.0 : 0.3;
  spec.scale_two = 1.0 / n;
  spec.scale_three = 1.0 / (n * n);
  spec.form = is_gated(c) ? Form::voltage : static_cast<Form>(c[form]);
  spec.phi = {.kind = static_cast<Nonlinearity>(c[phi])};
  spec.phi_out = {.kind = static_cast<Nonlinearity>(c[phi_out])};
  spec.input_bias = c[bias] & 1;
  spec.output_bias = c[bias] & 2;
  spec.rectified_inputs = c[noise] == 3;
  if (c[leak] && !is_gated(c))
    spec.alphas = Numbers(2).uniform(static_cast<std::size_t>(n), 0.1, 0.9);
  if (c[leak] == 2 && !is_gated(c)) spec.cubic = 0.2;
  const std::string name = spec.model;
  spec.gated = c[constraint] && name.ends_with("HORNN");
  spec.hard_orth = c[constraint] && name == "LowRankTBRNN";
  spec.identity_readout = c[constraint] && !spec.gated && !spec.hard_orth;
  if (spec.identity_readout) spec.outputs = n;
  if (kind_of(c).bulk) {
    const double largest = 1.0 / std::sqrt(n);
    spec.bulk = std::make_shared<const std::vector<double>>(
        Numbers(6).uniform(static_cast<std::size_t>(n * n), -largest, largest));
  }
  if (c[masked] && !has_channels(c))
    spec.masks = {
        {name == "HORNN" ? "w_hh_tbrnn" : "w_hh", some_of(is_dense(c) ? n * n : n * n * n)}};
  return spec;
}

Case case_of(const Choice& c) {
  const Spec spec = spec_of(c);
  const Match m = static_cast<Match>(c[match]);
  const int n = spec.units;
  return Case(
             spec, m,
             Experiment(spec, m, trials_list[c[trials]], steps_list[c[steps]], c[mask], c[initial]),
             c[noise] ? 0.1 : 0.0,
             has_channels(c) ? 0.6
             : is_dense(c)   ? 0.6 / std::sqrt(n)
                             : 0.6 / n)
      .with_noisy_inputs(c[noise] > 1 ? 0.2 : 0.0)
      .of(static_cast<Loss>(c[loss]));
}

// Many trials and steps are left to few units, and sanitizers to fewer.
bool allowed(const Choice& c) {
  if (sanitized && units_of(c) > 40) return false;
  const int tiles = c[trials] == 2 ? 2 : 1;
  if (tiles * steps_list[c[steps]] > (units_of(c) > 64 ? 2 : 9)) return false;
  return c[loss] != static_cast<int>(Loss::cross_entropy) || c[mask] < 2;
}

template <class T>
Case in_its_kernel(const Choice& choice) {
  const Case tested = case_of(choice);
  EXPECT_STREQ(cuda::kernel_of<T>(tested.spec, tested.match), kind_of(choice).kernel);
  return tested;
}

template <class T>
void expect_the_cpu_engine_everywhere(unsigned seed, double tolerance) {
  EXPECT_GE(expect_the_cpu_engine<T>(all, allowed, in_its_kernel<T>, seed, tolerance),
            sanitized ? 20 : 40);
}

TEST(TeamGradient, IsThatOfTheCpuEngineInFloat32) {
  expect_the_cpu_engine_everywhere<float>(0, 1e-5);
}

TEST(TeamGradient, IsThatOfTheCpuEngineInFloat64) {
  expect_the_cpu_engine_everywhere<double>(1, 1e-12);
}

Choice plain(int which, int size) {
  Choice c(options, 0);
  c[model] = which;
  c[units] = size;
  c[channels] = 2;
  c[trials] = 1;
  c[steps] = 1;
  c[bias] = 3;
  return c;
}

// The sums do not depend on how many blocks share the work.
TEST(TeamGradient, HasTheSameBitsInTeamsOfEverySize) {
  for (const int which : {0, 6, 8}) {
    const Case tested = case_of(plain(which, sanitized ? 1 : 4));
    SCOPED_TRACE(kind_of(plain(which, 0)).model);
    std::vector<double> alone, together;
    {
      const Device small(1);
      EXPECT_EQ(emulate<float>(tested, alone), "");
      EXPECT_FALSE(emulator::last_launch.cooperative);
    }
    const Device large(16);  // eight blocks for each member
    EXPECT_EQ(emulate<float>(tested, together), "");
    EXPECT_TRUE(emulator::last_launch.cooperative);
    EXPECT_EQ(alone, together);
  }
}

Case large(int which, int units, int trials, int steps, Match m = Match::outputs, int rank = 0) {
  Spec spec = spec_of(plain(which, 0));
  spec.units = units;
  if (rank) spec.ranks = {rank, rank};
  const std::size_t n = static_cast<std::size_t>(units);
  if (spec.bulk)
    spec.bulk = std::make_shared<const std::vector<double>>(Numbers(6).uniform(n * n, -0.03, 0.03));
  return Case(spec, m, Experiment(spec, m, trials, steps, 0, false), 0.1, 0.03);
}

std::vector<double> computed(const Case& tested) {  // in one order of execution
  std::vector<double> numbers(tested.parameters.size() + Case::members);
  compute<float>(tested, numbers.data());
  return numbers;
}

// The gradient of the matrix in several parts of the steps; in one order of execution.
TEST(TeamGradient, HasTheSameBitsInTeamsOfEverySizeAfterManySteps) {
  if (sanitized) GTEST_SKIP() << "the sanitizers are slow";
  for (const Case& tested : {large(4, 129, 2, 33), large(8, 65, 2, 17)}) {
    std::vector<double> alone;
    {
      const Device small(1);
      alone = computed(tested);
    }
    const Device many(16);
    EXPECT_EQ(alone, computed(tested));
    expect_near_the_cpu_engine(tested, alone, 1e-5);
  }
}

// Each in one order of execution.
TEST(TeamGradient, IsThatOfTheCpuEngineInClusters) {
  const Clusters device(16);
  int cases = 0;
  const auto in_clusters = [](const Choice& c) {
    return allowed(c) && kind_of(c).in_clusters && c[units] < 2 && c[phi] < 3 && c[phi_out] < 3 &&
           c[trials] < 2 && c[steps] < 2;
  };
  for (const Choice& choice : pairwise(all, in_clusters, 2)) {
    SCOPED_TRACE(describe(all, choice));
    const Case tested = case_of(choice);
    EXPECT_STREQ(cuda::kernel_of<float>(tested.spec, tested.match), kind_of(choice).in_clusters);
    emulator::schedule = emulator::schedules[cases++ % 3];
    expect_near_the_cpu_engine(tested, computed(tested), 1e-5);
    if (HasFailure()) break;
  }
  emulator::schedule = {};
  EXPECT_GE(cases, sanitized ? 5 : 15);
}

// Units whose options the kernels know; each in one order of execution.
TEST(TeamGradient, IsThatOfTheCpuEngineInClustersOfUsualUnits) {
  const Clusters device(16);
  for (int which = 0; which < 6; ++which) {
    const Choice choice = plain(which, sanitized ? 1 : 4);
    if (!kind_of(choice).in_clusters || !allowed(choice)) continue;
    SCOPED_TRACE(kind_of(choice).model);
    const Case tested = case_of(choice);
    EXPECT_STREQ(cuda::kernel_of<float>(tested.spec, tested.match), kind_of(choice).in_clusters);
    expect_near_the_cpu_engine(tested, computed(tested), 1e-5);
  }
}

TEST(TeamGradient, HasTheSameBitsInClustersHoweverMany) {
  for (const int which : {0, 4}) {
    const Case tested = sanitized ? case_of(plain(0, 1)) : large(which, 129, 5, 5);
    SCOPED_TRACE(kinds[which].model);
    std::vector<double> few, many;
    {
      const Clusters device(2);  // one for both members in turn
      few = computed(tested);
    }
    const Clusters device(16);
    EXPECT_EQ(emulate<float>(tested, many), "");
    EXPECT_EQ(few, many);
    expect_near_the_cpu_engine(tested, many, 1e-5);
    if (sanitized) break;
  }
}

// Two, eight and sixteen blocks, whose lanes have 4, 4 and 16 of their columns in shared memory; and a rank for which it has no room, nor needs
// any. In one order of execution.
TEST(TeamGradient, IsThatOfTheCpuEngineInLargeClusters) {
  if (sanitized) GTEST_SKIP() << "the sanitizers are slow";
  const Clusters device(32);
  for (const Case& tested : {large(4, 256, 4, 3), large(0, 260, 2, 2), large(4, 520, 2, 2),
                             large(0, 256, 2, 2, Match::outputs, 140)}) {
    const std::string name = cuda::kernel_of<float>(tested.spec, tested.match);
    EXPECT_EQ(name, tested.spec.bulk ? bulk_clusters : dense_clusters);
    expect_near_the_cpu_engine(tested, computed(tested), 1e-5);
  }
}

// Eleven clusters for each member, and three trials for each of these but the last; in one order of execution.
TEST(TeamGradient, HasTheSameBitsInGroupsOfThreeTrials) {
  if (sanitized) GTEST_SKIP() << "the sanitizers are slow";
  for (const Case& tested : {large(0, 260, 32, 2), large(1, 260, 32, 2), large(4, 260, 32, 2),
                             large(1, 260, 29, 2, Match::rates)}) {
    SCOPED_TRACE(tested.spec.model);
    std::vector<double> fours;
    {
      const Clusters device(16);
      fours = computed(tested);
    }
    const Clusters device(2 * 11 * 8);
    const std::vector<double> threes = computed(tested);
    EXPECT_EQ(emulator::last_launch.blocks, 2 * 11 * 8);
    EXPECT_EQ(fours, threes);
    expect_near_the_cpu_engine(tested, threes, 1e-5);
  }
}

// More rows than shared memory has at a time; in one order of execution.
TEST(TeamGradient, IsThatOfTheCpuEngineForManyPairs) {
  if (sanitized) GTEST_SKIP() << "the sanitizers are slow";
  for (const int which : {7, 8}) {
    const Case tested = large(which, 139, 2, 2);
    EXPECT_STREQ(cuda::kernel_of<float>(tested.spec, tested.match), kinds[which].kernel);
    expect_near_the_cpu_engine(tested, computed(tested), 1e-5);
  }
}

// Units without end.
TEST(TeamGradient, IsThatOfTheCpuEngineForAThousandUnits) {
  if (sanitized) GTEST_SKIP() << "the sanitizers are slow";
  const Clusters too_small(32);
  expect_the_cpu_engine<float>(large(0, 1030, 2, 2), 1e-5);
}

TEST(TeamGradient, OfProductsWithoutGatesNeedsComputeCapability80) {
  for (int which = 0; which < 9; ++which) {
    const Spec spec = spec_of(plain(which, 0));
    emulator::capability = 75;
    const std::string name = cuda::kernel_of<float>(spec, Match::outputs);
    emulator::capability = 90;
    EXPECT_EQ(name.substr(0, 4) == "none", which != 3 && which != 6) << name;
  }
}

}  // namespace
