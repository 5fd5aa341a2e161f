// CUDA's execution model on one processor: every thread of a launch is a fiber, and the threads that a barrier or a shuffle waits for
// run in an order that the test chooses. Kernels are compiled unchanged by the host's compiler; cuda/dev.cuh includes dev_emulated.hpp in
// place of CUDA. What it cannot show: memory order, bank conflicts, time, the rounding of a GPU's special functions.
//
// Memory starts as NaN. A barrier or a shuffle that only some of its threads reach is a Fault that says where the others are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <source_location>
#include <stdexcept>

namespace tbrnn::emulator {

using Where = std::source_location;  // of the call in the kernel

constexpr int warp_lanes = 32;

enum class Order { forward, reverse, random };

struct Schedule {
  Order order = Order::forward;
  unsigned seed = 0;
};

inline Schedule schedule;  // of the launches that follow

struct Fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Launch {
  int blocks = 1, threads = 32;
  std::size_t shared_bytes = 0;
  int cluster = 1;           // blocks
  bool cooperative = false;  // all blocks at once, so that some or all of them may meet
};

void run(const Launch&, const std::function<void()>& kernel);  // throws Fault

// For the thread that runs.
struct Place {
  int thread, threads, block, blocks, cluster_rank, cluster_size;
  std::byte* shared;
  std::size_t shared_bytes;
};
const Place& place();
void block_barrier(Where);
void cluster_barrier(Where);
void cluster_arrive(Where);
void cluster_wait(Where);
void check_blocks(int blocks, Where);  // whether so many may meet
void wait_for_count(const unsigned* count, unsigned goal, Where);
// In other orders than the forward one, as long as any can go on.
void let_others_go_first(Where);
std::uint64_t shuffle(std::uint32_t mask, std::uint64_t value, int source_lane, Where);
// What the lanes of a warp do together, once all have come: from what each brings, which the others may change.
void together(void* mine, void (*act)(void* const (&lanes)[warp_lanes]), Where);
void* map_shared(void* mine, int rank, Where);
// The address of a vector, which must be a multiple of its size, as far as 16 bytes.
void align(const void* at, std::size_t bytes, Where);
// Copies that a thread asks for: at once in forward order, else not before the thread has waited for their group.
void copy_ahead(const void* from, void* to, std::size_t bytes, Where);
void close_copies();
void copies_arrive_but(int groups);

// Bytes that are expected in a block's shared memory, turn by turn.
struct Arrivals {
  std::int32_t missing;   // bytes of the turn; less than 0 before it is known how many
  std::uint16_t unknown;  // whether it is not
  std::uint16_t turns;    // that are over
  bool counts() const { return unknown < 2; }  // has begun and not ended, after which it is poison
  bool over(int turn) const { return turns % 2 != turn % 2; }
  bool add(int bytes) {  // whether that ends the turn
    missing += bytes;
    if (unknown || missing) return false;
    unknown = 1;
    ++turns;
    return true;
  }
};
void expect(Arrivals*, int bytes, Where);
void wait_for(const Arrivals*, int turn, Where);
// Up to 16 bytes to another block of the cluster: there at once in forward order, else when nobody can go on without.
void send(const void* value, std::size_t bytes, void* mine, Arrivals* count, int rank, Where);

// Memory of the device, NaN at first. An allocation of more than `most_bytes` finds none left.
void poison(void* memory, std::size_t bytes);
inline std::size_t most_bytes = ~std::size_t{0};

inline int capability = 90;  // of the device that is emulated
inline int multiprocessors = 2;
inline int most_cluster = 0;                        // blocks; 0: no clusters
inline std::size_t most_shared_bytes = 227 * 1024;  // of a block
inline Launch last_launch;

}  // namespace tbrnn::emulator
