// The emulator runs clusters of blocks that are right, and reports what is wrong with others: barriers, what is stored and what is sent.
#include <gtest/gtest.h>

#include "faults.hpp"

namespace {

using namespace tbrnn;
using namespace tbrnn::emulator_faults;

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
  dev::cluster_barrier();  // the memory of a block that has ended is nobody's
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

int next_block() { return (dev::cluster_rank() + 1) % dev::cluster_size(); }

// Where a block receives a number for each of its threads.
struct Mailbox {
  dev::Arrivals* const count = dev::shared_memory<dev::Arrivals>();
  float* const mine = reinterpret_cast<float*>(count + 1) + dev::thread();

  void begin() const {
    if (dev::thread() == 0) dev::begin(count);
    dev::cluster_arrive();
    dev::cluster_wait();
  }
};

// In three turns to the next block of the cluster, which expects so many bytes of each.
void send_on(float* out, int bytes) {
  const Mailbox box;
  box.begin();
  float sum = 0;
  for (int turn = 0; turn < 3; ++turn) {
    dev::send(static_cast<float>(number() + turn), box.mine, box.count, next_block());
    if (dev::thread() == 0) dev::expect(box.count, bytes);
    dev::wait_for(box.count, turn);
    sum += *box.mine;
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

TEST(Emulator, ReportsAReadOfWhatHasNotArrived) {
  const auto kernel = [](float* out) {
    const Mailbox box;
    box.begin();
    dev::send(1.0f, box.mine, box.count, next_block());
    if (dev::thread() == 0) dev::expect(box.count, 33 * sizeof(float));
    dev::cluster_barrier();
    out[number()] = *box.mine;  // before the wait
    dev::wait_for(box.count, 0);
  };
  EXPECT_TRUE(contains(fault(two_sending_clusters, kernel), "is NaN in reverse order"));
}

TEST(Emulator, ReportsASecondExpectationInATurn) {
  const auto kernel = [](float*) {
    const Mailbox box;
    box.begin();
    if (dev::thread() == 0) dev::expect(box.count, 4);
    if (dev::thread() == 0) dev::expect(box.count, 4);
  };
  EXPECT_TRUE(contains(fault(two_sending_clusters, kernel), "expected a second time in a turn"));
}

TEST(Emulator, ReportsWhatIsSentToNobody) {
  const auto before = [](float*) {
    const Mailbox box;
    dev::send(1.0f, box.mine, box.count, next_block());
  };
  EXPECT_TRUE(contains(fault(two_sending_clusters, before), "to where nobody counts"));
  const auto behind = [](float*) {
    const Mailbox box;
    box.begin();
    if (dev::thread() == 0) dev::end(box.count);
    dev::cluster_barrier();
    dev::send(1.0f, box.mine, box.count, next_block());
  };
  EXPECT_TRUE(contains(fault(two_sending_clusters, behind), "to where nobody counts"));
  const auto to_the_first = [](float*) {
    const Mailbox box;
    box.begin();
    if (dev::cluster_rank()) dev::send(1.0f, box.mine, box.count, 0);
  };
  EXPECT_TRUE(contains(fault(two_sending_clusters, to_the_first), "to a block that has ended"));
}

TEST(Emulator, ReportsWhatIsSentToAnAddressThatIsNotAligned) {
  const auto kernel = [](float*) {
    const Mailbox box;
    box.begin();
    dev::send(Four{}, reinterpret_cast<Four*>(dev::shared_memory<float>() + 3), box.count, 0);
  };
  EXPECT_TRUE(contains(fault(two_sending_clusters, kernel), "no multiple of the vector's bytes"));
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
  dev::cluster_barrier();
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

TEST(Emulator, ReportsTheMemoryOfABlockThatHasEnded) {
  const auto reads = [](float* out) {
    const float* next = dev::map_shared(dev::shared_memory<float>(), 0);
    out[number()] = dev::cluster_rank() ? next[dev::thread()] : 1.0f;
  };
  EXPECT_TRUE(contains(fault(two_clusters, reads), "to a block that has ended"));
}

TEST(Emulator, ReportsThatAClusterOfOneBlockHasNoOther) {
  constexpr Launch alone{
      .blocks = 2, .threads = 33, .shared_bytes = 33 * sizeof(float), .cluster = 1};
  EXPECT_TRUE(contains(fault(alone, rotate_blocks<true>), "of a cluster of one block"));
}

}  // namespace
