// The emulated kernels of teams of blocks against the CPU engine in float64: loss and gradient of large networks, and of low-rank networks
// beside a fixed matrix, over pairwise choices of options and sizes, under every schedule with the same bits.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "team_cases.hpp"

namespace {

using namespace tbrnn;
using namespace tbrnn::team_cases;
using emulator::Clusters;
using emulator::Device;

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
