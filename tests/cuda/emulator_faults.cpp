// The emulator runs what is right, and reports a removed barrier, a read before a write, a divergent shuffle and their like.
#include <gtest/gtest.h>

#include <cmath>

#include "faults.hpp"

namespace {

using namespace tbrnn;
using namespace tbrnn::emulator_faults;

constexpr unsigned all_lanes = 0xffffffffu;

// "emulator_faults.cpp:<line>" of this file
std::string here(int line) { return "emulator_faults.cpp:" + std::to_string(line); }

// y_i = x_{i + 1} by way of shared memory
template <bool barrier>
void rotate(float* out) {
  float* shared = dev::shared_memory<float>();
  shared[dev::thread()] = static_cast<float>(number());
  if (barrier) dev::block_barrier();
  out[number()] = shared[(dev::thread() + 1) % dev::threads()];
}

constexpr Launch two_blocks{.blocks = 2, .threads = 64, .shared_bytes = 64 * sizeof(float)};

TEST(Emulator, RunsAKernelWithABarrier) { EXPECT_EQ(fault(two_blocks, rotate<true>), ""); }

TEST(Emulator, ReportsARemovedBarrier) {
  EXPECT_TRUE(contains(fault(two_blocks, rotate<false>), "is NaN"));
}

TEST(Emulator, ReportsARemovedBarrierBetweenReadAndWrite) {
  const auto kernel = [](float* out) {
    float* shared = dev::shared_memory<float>();
    shared[dev::thread()] = static_cast<float>(dev::thread());
    dev::block_barrier();
    const float next = shared[(dev::thread() + 1) % dev::threads()];
    // a barrier is missing here
    shared[dev::thread()] = 2 * next;
    dev::block_barrier();
    out[number()] = shared[(dev::thread() + 7) % dev::threads()];
  };
  EXPECT_TRUE(contains(fault(two_blocks, kernel), "is not that of the forward order"));
}

TEST(Emulator, ReportsAReadBeforeAWriteInSharedMemory) {
  const auto kernel = [](float* out) {
    out[number()] = dev::shared_memory<float>()[dev::thread()];
  };
  EXPECT_TRUE(contains(fault(two_blocks, kernel), "number 0 is NaN in forward order"));
}

TEST(Emulator, ReportsAReadBeforeAWriteInGlobalMemory) {
  const dev::Memory<float> memory(128);
  const auto kernel = [&](float* out) { out[number()] = memory.data()[number()]; };
  EXPECT_TRUE(contains(fault(two_blocks, kernel), "is NaN"));
}

TEST(Emulator, ReportsAnOutputThatIsNotWritten) {
  const auto kernel = [](float* out) {
    if (dev::thread() != 5) out[number()] = 1;
  };
  EXPECT_TRUE(contains(fault(two_blocks, kernel), "number 5 is NaN"));
}

TEST(Emulator, ShufflesWithinGroups) {
  const auto kernel = [](float* out) {
    float sum = static_cast<float>(number());
    for (int lanes = 4; lanes; lanes /= 2) sum += dev::shuffle_xor(all_lanes, sum, lanes);
    const unsigned half = dev::thread() % 32 < 16 ? 0xffffu : 0xffff0000u;
    out[number()] = dev::shuffle(half, sum, dev::thread() % 32 / 16 * 16);
  };
  std::vector<float> sums;
  EXPECT_EQ(
      emulator::fault_of(
          64, [&](float* out) { emulator::run({.threads = 64}, [&] { kernel(out); }); }, sums),
      "");
  EXPECT_EQ(sums[0], 0 + 1 + 2 + 3 + 4 + 5 + 6 + 7);
  EXPECT_EQ(sums[63], 48 + 49 + 50 + 51 + 52 + 53 + 54 + 55);
}

TEST(Emulator, ReportsADivergentShuffle) {
  static int line;
  const auto kernel = [](float* out) {
    float value = 1;
    line = __LINE__ + 1;
    if (dev::thread() % 32 < 20) value = dev::shuffle_xor(all_lanes, value, 1);
    out[number()] = value;
  };
  const std::string message = fault({.threads = 32}, kernel);
  EXPECT_TRUE(contains(message, "a shuffle that not every lane of its mask reaches"));
  EXPECT_TRUE(contains(message, "threads 0-19: waits in the shuffle at " + here(line))) << message;
}

TEST(Emulator, ReportsAShuffleThatWaitsForLanesAtABarrier) {
  const auto kernel = [](float* out) {
    float value = 1;
    if (dev::thread() < 20)
      value = dev::shuffle_xor(all_lanes, value, 1);
    else
      dev::block_barrier();
    out[number()] = value;
  };
  const std::string message = fault({.threads = 32}, kernel);
  EXPECT_TRUE(contains(message, "no thread can go on")) << message;
  EXPECT_TRUE(contains(message, "threads 20-31: waits at the block barrier")) << message;
}

TEST(Emulator, ReportsShufflesThatReadOutsideTheirMask) {
  const auto outside = [](float* out) {
    out[number()] = dev::thread() < 8 ? dev::shuffle(0xffu, 1.0f, 8) : 1.0f;
  };
  EXPECT_TRUE(contains(fault({.threads = 32}, outside), "reads lane 8, outside its mask"));
  const auto stranger = [](float* out) { out[number()] = dev::shuffle(0xffu, 1.0f, 0); };
  EXPECT_TRUE(contains(fault({.threads = 32}, stranger), "leaves out its own lane"));
  const auto absent = [](float* out) { out[number()] = dev::shuffle(all_lanes, 1.0f, 0); };
  EXPECT_TRUE(contains(fault({.threads = 20}, absent), "lanes that the block does not have"));
}

TEST(Emulator, ReportsADivergentBarrier) {
  static int line;
  const auto skipped = [](float* out) {
    line = __LINE__ + 1;
    if (dev::thread() != 40) dev::block_barrier();
    out[number()] = 1;
  };
  const std::string message = fault(two_blocks, skipped);
  EXPECT_TRUE(contains(message, "a barrier that not every thread reaches")) << message;
  EXPECT_TRUE(contains(message, "waits at the block barrier at " + here(line))) << message;
  const auto two_places = [](float* out) {
    if (dev::thread() < 32)
      dev::block_barrier();
    else
      dev::block_barrier();
    out[number()] = 1;
  };
  EXPECT_TRUE(contains(fault(two_blocks, two_places), "threads meet at different barriers"));
}

TEST(Emulator, MeetsAtGridBarriers) {
  const dev::Memory<float> memory(4 * 32);
  unsigned count = 0;
  const auto kernel = [&](float* out) {
    memory.data()[number()] = static_cast<float>(number());
    dev::wait_for_blocks(&count, dev::arrive_among_blocks(&count, dev::blocks()), dev::blocks());
    out[number()] = memory.data()[(number() + 40) % 128];
  };
  EXPECT_EQ(fault({.blocks = 4, .cooperative = true}, kernel), "");
  EXPECT_EQ(count, 4u * 3);  // in each order
  EXPECT_TRUE(contains(fault({.blocks = 4}, kernel), "needs a cooperative launch"));
  const auto fewer = [&](float*) {
    if (dev::block()) dev::wait_for_blocks(&count, dev::arrive_among_blocks(&count, 4), 4);
  };
  EXPECT_TRUE(contains(fault({.blocks = 4, .cooperative = true}, fewer), "waits for other blocks"));
}

TEST(Emulator, ReportsWhatIsWrittenBetweenTheHalvesOfAGridBarrier) {
  const dev::Memory<float> memory(4 * 32);
  unsigned count = 0;
  const auto kernel = [&](float* out) {
    memory.data()[number()] = NAN;
    dev::wait_for_blocks(&count, dev::arrive_among_blocks(&count, dev::blocks()), dev::blocks());
    const unsigned goal = dev::arrive_among_blocks(&count, dev::blocks());
    memory.data()[number()] = static_cast<float>(number());
    dev::wait_for_blocks(&count, goal, dev::blocks());
    out[number()] = memory.data()[(number() + 40) % 128];
  };
  EXPECT_TRUE(contains(fault({.blocks = 4, .cooperative = true}, kernel), "is NaN"));
}

TEST(Emulator, RunsOneBlockAheadOfTheOthers) {  // which shows a barrier that is missing
  const dev::Memory<float> memory(4 * 32);
  const auto kernel = [&](float* out) {
    memory.data()[number()] = static_cast<float>(number());
    dev::block_barrier();
    out[number()] = memory.data()[(number() + 40) % 128];
  };
  EXPECT_TRUE(contains(fault({.blocks = 4, .cooperative = true}, kernel), "is NaN"));
}

TEST(Emulator, ReportsVectorsThatAreNotAligned) {
  static int line;
  const auto copy = [](float* out) {
    auto* shared = dev::shared_memory<float>();
    line = __LINE__ + 1;
    dev::copy_ahead(reinterpret_cast<const Four*>(out), reinterpret_cast<Four*>(shared + 1));
    dev::copies_arrive();
    out[number()] = shared[1];
  };
  const std::string message = fault(two_blocks, copy);
  EXPECT_TRUE(contains(message, "no multiple of the vector's bytes")) << message;
  EXPECT_TRUE(contains(message, here(line))) << message;
  const auto load = [](float* out) {
    out[number()] = dev::load(reinterpret_cast<const Four*>(out + 2)).v[0];
  };
  EXPECT_TRUE(contains(fault(two_blocks, load), "no multiple of the vector's bytes"));
}

#if defined(__SANITIZE_ADDRESS__)
TEST(EmulatorDeathTest, AddressSanitizerSeesTheEndOfSharedMemory) {
  const auto kernel = [](float* out) {
    out[number()] = dev::shared_memory<float>()[64 + dev::thread()];
  };
  EXPECT_DEATH(fault(two_blocks, kernel), "heap-buffer-overflow");
}
#endif

}  // namespace
