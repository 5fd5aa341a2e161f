// The emulator runs what is right, and reports a removed barrier, a read before a write, a divergent shuffle and their like.
#include <gtest/gtest.h>

#include "dev.cuh"
#include "schedules.hpp"

namespace {

using namespace tbrnn;
using emulator::Launch;

constexpr unsigned all_lanes = 0xffffffffu;

// What is wrong with a kernel that writes one number per thread of the launch.
std::string fault(const Launch& launch, const std::function<void(float*)>& kernel) {
  std::vector<float> numbers;
  return emulator::fault_of(
      static_cast<std::size_t>(launch.blocks * launch.threads),
      [&](float* out) { emulator::run(launch, [&] { kernel(out); }); }, numbers,
      emulator::schedules);
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// "emulator_faults.cpp:<line>" of this file
std::string here(int line) { return "emulator_faults.cpp:" + std::to_string(line); }

int number() { return dev::block() * dev::threads() + dev::thread(); }

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

constexpr Launch two_clusters{
    .blocks = 8, .threads = 33, .shared_bytes = 33 * sizeof(float), .cluster = 4};

// the shared memory of the next block of the cluster
template <bool barrier>
void rotate_blocks(float* out) {
  float* shared = dev::shared_memory<float>();
  shared[dev::thread()] = static_cast<float>(number());
  if (barrier) dev::cluster_barrier();
  const float* next = dev::map_shared(shared, (dev::cluster_rank() + 1) % dev::cluster_size());
  out[number()] = next[dev::thread()];
}

TEST(Emulator, RunsClusters) {
  std::vector<float> numbers;
  const auto compute = [](float* out) {
    emulator::run(two_clusters, [&] { rotate_blocks<true>(out); });
  };
  EXPECT_EQ(emulator::fault_of(8 * 33, compute, numbers), "");
  EXPECT_EQ(numbers[3 * 33], 0.0f);
  EXPECT_EQ(numbers[4 * 33 + 2], 5 * 33 + 2.0f);
}

TEST(Emulator, ReportsARemovedClusterBarrier) {
  EXPECT_TRUE(contains(fault(two_clusters, rotate_blocks<false>), "is NaN"));
}

constexpr Launch two_sending_clusters{.blocks = 8,
                                      .threads = 33,
                                      .shared_bytes = 34 * sizeof(float) + sizeof(dev::Arrivals),
                                      .cluster = 4};

// In three turns to the next block of the cluster, which expects so many bytes of each.
void send_on(float* out, int bytes) {
  auto* count = dev::shared_memory<dev::Arrivals>();
  float* mine = reinterpret_cast<float*>(count + 1) + dev::thread();
  const bool first = dev::thread() == 0;
  const int next = (dev::cluster_rank() + 1) % dev::cluster_size();
  if (first) dev::begin(count);
  dev::cluster_arrive();
  dev::cluster_wait();
  float sum = 0;
  for (int turn = 0; turn < 3; ++turn) {
    dev::send(static_cast<float>(number() + turn), mine, count, next);
    if (first) dev::expect(count, bytes);
    dev::wait_for(count, turn);
    sum += *mine;
    dev::cluster_barrier();  // all have read
  }
  out[number()] = sum;
}

TEST(Emulator, WaitsForWhatIsSent) {
  std::vector<float> numbers;
  const auto compute = [](float* out) {
    emulator::run(two_sending_clusters, [&] { send_on(out, 33 * sizeof(float)); });
  };
  EXPECT_EQ(emulator::fault_of(8 * 33, compute, numbers), "");
  EXPECT_EQ(numbers[33], 3.0f);
  EXPECT_EQ(numbers[0], 3 * 33 * 3 + 3.0f);
}

TEST(Emulator, ReportsWhatIsNeverSent) {
  const auto all = [](float* out) { send_on(out, 34 * sizeof(float)); };
  EXPECT_TRUE(contains(fault(two_sending_clusters, all), "waits for what is sent at"));
}

// To the next block of the cluster, before the barrier's second half or between the two.
template <bool too_late>
void store_next(float* out) {
  float* shared = dev::shared_memory<float>() + dev::thread();
  float* theirs = dev::map_shared(shared, (dev::cluster_rank() + 1) % dev::cluster_size());
  if (!too_late) *theirs = 1.0f + static_cast<float>(number());
  dev::cluster_arrive();
  if (too_late) *theirs = 1.0f + static_cast<float>(number());
  dev::cluster_wait();
  out[number()] = *shared;
  dev::cluster_barrier();  // the memory of a block that has ended is nobody's
}

TEST(Emulator, MeetsAtBarriersOfTwoHalves) {
  std::vector<float> numbers;
  const auto compute = [](float* out) {
    emulator::run(two_clusters, [&] { store_next<false>(out); });
  };
  EXPECT_EQ(emulator::fault_of(8 * 33, compute, numbers), "");
  EXPECT_EQ(numbers[33], 1.0f);
  EXPECT_EQ(numbers[0], 3 * 33 + 1.0f);
}

TEST(Emulator, ReportsWhatIsStoredBetweenTheHalvesOfABarrier) {
  EXPECT_TRUE(contains(fault(two_clusters, store_next<true>), "is NaN"));
}

TEST(Emulator, ReportsHalfABarrier) {
  const auto waits = [](float*) { dev::cluster_wait(); };
  EXPECT_TRUE(contains(fault(two_clusters, waits), "without an arrival"));
  const auto arrives_twice = [](float*) {
    dev::cluster_arrive();
    dev::cluster_arrive();
  };
  EXPECT_TRUE(contains(fault(two_clusters, arrives_twice), "before the wait"));
  const auto some = [](float* out) {
    if (dev::cluster_rank()) dev::cluster_arrive();
    if (dev::cluster_rank()) dev::cluster_wait();
    out[number()] = 1;
  };
  EXPECT_TRUE(contains(fault(two_clusters, some), "waits for the cluster"));
}

TEST(Emulator, ReportsAddressesThatAreNotShared) {
  const auto elsewhere = [](float* out) { out[number()] = *dev::map_shared(out, 0); };
  EXPECT_TRUE(contains(fault(two_clusters, elsewhere), "outside the shared memory"));
  const auto fifth = [](float* out) {
    out[number()] = *dev::map_shared(dev::shared_memory<float>(), 4);
  };
  EXPECT_TRUE(contains(fault(two_clusters, fifth), "to block 4 of a cluster of 4"));
}

TEST(Emulator, ReportsThatAClusterOfOneBlockHasNoOther) {
  constexpr Launch alone{
      .blocks = 2, .threads = 33, .shared_bytes = 33 * sizeof(float), .cluster = 1};
  EXPECT_TRUE(contains(fault(alone, rotate_blocks<true>), "of a cluster of one block"));
}

TEST(Emulator, MeetsAtGridBarriers) {
  const dev::Memory<float> memory(4 * 32);
  const auto kernel = [&](float* out) {
    memory.data()[number()] = static_cast<float>(number());
    dev::wait_for_blocks(nullptr, 0, dev::blocks());
    out[number()] = memory.data()[(number() + 40) % 128];
  };
  EXPECT_EQ(fault({.blocks = 4, .cooperative = true}, kernel), "");
  EXPECT_TRUE(contains(fault({.blocks = 4}, kernel), "needs a cooperative launch"));
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

#if defined(__SANITIZE_ADDRESS__)
TEST(EmulatorDeathTest, AddressSanitizerSeesTheEndOfSharedMemory) {
  const auto kernel = [](float* out) {
    out[number()] = dev::shared_memory<float>()[64 + dev::thread()];
  };
  EXPECT_DEATH(fault(two_blocks, kernel), "heap-buffer-overflow");
}
#endif

}  // namespace
