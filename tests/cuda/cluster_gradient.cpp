// The emulated kernels of clusters of blocks against the CPU engine in float64: loss and gradient of networks with a matrix, and the same
// bits however many clusters there are.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "team_cases.hpp"

namespace {

using namespace tbrnn;
using namespace tbrnn::team_cases;
using emulator::Clusters;

// Each in one order of execution.
TEST(ClusterGradient, IsThatOfTheCpuEngine) {
  const Clusters device(16);
  int cases = 0;
  const auto in_clusters = [](const Choice& c) {
    return allowed(c) && kind_of(c).in_clusters && c[units] < 3 && c[phi] < 3 && c[phi_out] < 3 &&
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
TEST(ClusterGradient, IsThatOfTheCpuEngineForUsualUnits) {
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

TEST(ClusterGradient, HasTheSameBitsHoweverManyClusters) {
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
TEST(ClusterGradient, IsThatOfTheCpuEngineInLargeClusters) {
  if (sanitized) GTEST_SKIP() << "the sanitizers are slow";
  const Clusters device(32);
  for (const Case& tested : {large(4, 256, 4, 3), large(0, 260, 2, 2), large(4, 520, 2, 2),
                             large(0, 256, 2, 2, Match::outputs, 140)}) {
    const std::string name = cuda::kernel_of<float>(tested.spec, tested.match);
    EXPECT_EQ(name, tested.spec.bulk ? bulk_clusters : dense_clusters);
    expect_near_the_cpu_engine(tested, computed(tested), 1e-5);
  }
}

// Eleven clusters for each member, and three trials for each of these but the last; in reverse order, in which what is sent comes late.
TEST(ClusterGradient, HasTheSameBitsInGroupsOfThreeTrials) {
  if (sanitized) GTEST_SKIP() << "the sanitizers are slow";
  for (const Case& tested : {large(0, 260, 32, 2), large(1, 260, 32, 4), large(4, 260, 32, 3),
                             large(1, 260, 29, 2, Match::rates)}) {
    SCOPED_TRACE(tested.spec.model);
    std::vector<double> fours;
    {
      const Clusters device(16);
      fours = computed(tested);
    }
    const Clusters device(2 * 11 * 8);
    emulator::schedule = {emulator::Order::reverse, 0};
    const std::vector<double> threes = computed(tested);
    emulator::schedule = {};
    EXPECT_EQ(emulator::last_launch.blocks, 2 * 11 * 8);
    EXPECT_EQ(fours, threes);
    expect_near_the_cpu_engine(tested, threes, 1e-5);
  }
}

}  // namespace
