// CUDA's execution model on one processor: every thread of a launch is a fiber, and the threads that a barrier or a shuffle waits for
// run in an order that the test chooses. Kernels are compiled unchanged by the host's compiler; cuda/dev.cuh includes this header in
// place of CUDA. What it cannot show: memory order, bank conflicts, time, the rounding of a GPU's special functions.
//
// Memory starts as NaN. A barrier or a shuffle that only some of its threads reach is a Fault that says where the others are.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <source_location>
#include <stdexcept>
#include <vector>

#include "core/plugin.hpp"
#include "memory.hpp"

#define __global__
#define __device__
#define __launch_bounds__(...)
#define TBRNN_UNROLL
#define TBRNN_UNROLL_TIMES(times)
#define TBRNN_CALLED __attribute__((noinline))
#define TBRNN_INLINED
#define __grid_constant__

namespace tbrnn::emulator {

using Where = std::source_location;  // of the call in the kernel

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
void barrier_of_blocks(int blocks, Where);
std::uint64_t shuffle(std::uint32_t mask, std::uint64_t value, int source_lane, Where);
void* map_shared(void* mine, int rank, Where);
// Copies that a thread asks for: at once in forward order, else not before the thread has waited for their group.
void copy_ahead(const void* from, void* to, std::size_t bytes);
void close_copies();
void copies_arrive_but(int groups);

// Bytes that are expected in a block's shared memory, turn by turn.
struct Arrivals {
  std::int32_t missing;   // bytes of the turn; less than 0 before it is known how many
  std::uint16_t unknown;  // whether it is not
  std::uint16_t turns;    // that are over
  bool over(int turn) const { return turns % 2 != turn % 2; }
  void add(int bytes) {
    missing += bytes;
    if (unknown || missing) return;
    unknown = 1;
    ++turns;
  }
};
void wait_for(const Arrivals*, int turn, Where);

// Memory of the device, NaN at first. An allocation of more than `most_bytes` finds none left.
void poison(void* memory, std::size_t bytes);
inline std::size_t most_bytes = ~std::size_t{0};

inline int capability = 90;  // of the device that is emulated
inline int multiprocessors = 2;
inline int most_cluster = 0;                        // blocks; 0: no clusters
inline std::size_t most_shared_bytes = 227 * 1024;  // of a block
inline Launch last_launch;

}  // namespace tbrnn::emulator

namespace tbrnn::dev {

inline int thread() { return emulator::place().thread; }
inline int threads() { return emulator::place().threads; }
inline int block() { return emulator::place().block; }
inline int block_anew() { return block(); }
inline int blocks() { return emulator::place().blocks; }
inline int cluster_rank() { return emulator::place().cluster_rank; }
inline int cluster_size() { return emulator::place().cluster_size; }

template <class T>
T* shared_memory() {
  return reinterpret_cast<T*>(emulator::place().shared);
}

inline std::size_t shared_bytes() { return emulator::place().shared_bytes; }

inline void block_barrier(emulator::Where at = emulator::Where::current()) {
  emulator::block_barrier(at);
}
inline void barrier_of_roles(emulator::Where at = emulator::Where::current()) {
  emulator::block_barrier(at);
}
inline void warp_barrier(emulator::Where at = emulator::Where::current()) {
  emulator::shuffle(~0u, 0, 0, at);  // nobody reads the value
}
inline void cluster_barrier(emulator::Where at = emulator::Where::current()) {
  emulator::cluster_barrier(at);
}
// The same in two halves.
inline void cluster_arrive(emulator::Where at = emulator::Where::current()) {
  emulator::cluster_arrive(at);
}
inline void cluster_wait(emulator::Where at = emulator::Where::current()) {
  emulator::cluster_wait(at);
}
// Of the two halves of a barrier of blocks the first is one of the block alone, and the second all of it.
inline unsigned arrive_among_blocks(unsigned*, int,
                                    emulator::Where at = emulator::Where::current()) {
  emulator::block_barrier(at);
  return 0;
}
inline void wait_for_blocks(const unsigned*, unsigned, int blocks,
                            emulator::Where at = emulator::Where::current()) {
  emulator::barrier_of_blocks(blocks, at);
}

// The value of another lane of the warp; every lane of the mask must ask.
template <class T>
T shuffle(std::uint32_t mask, T value, int source_lane,
          emulator::Where at = emulator::Where::current()) {
  static_assert(sizeof(T) <= sizeof(std::uint64_t));
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  bits = emulator::shuffle(mask, bits, source_lane, at);
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

// The same of lane `source` of so many that lie together.
template <int lanes, class T>
T shuffle_among(std::uint32_t mask, T value, int source,
                emulator::Where at = emulator::Where::current()) {
  return shuffle(mask, value, thread() % 32 / lanes * lanes + source, at);
}

template <class T>
T shuffle_xor(std::uint32_t mask, T value, int lanes,
              emulator::Where at = emulator::Where::current()) {
  return shuffle(mask, value, (thread() % 32) ^ lanes, at);
}

inline bool any(std::uint32_t mask, bool is_so, emulator::Where at = emulator::Where::current()) {
  int found = is_so;
  for (int lanes = 16; lanes; lanes /= 2) found |= shuffle_xor(mask, found, lanes, at);
  return found;
}

// The same place in the shared memory of another block of the cluster.
template <class T>
T* map_shared(T* mine, int rank, emulator::Where at = emulator::Where::current()) {
  return static_cast<T*>(emulator::map_shared(mine, rank, at));
}

// What blocks of a cluster send to one another.
using emulator::Arrivals;
inline void begin(Arrivals* mine) { *mine = {0, 1, 0}; }
inline void end(Arrivals* mine) { emulator::poison(mine, sizeof(Arrivals)); }
inline void expect(Arrivals* mine, int bytes) {
  mine->unknown = 0;
  mine->add(bytes);
}
inline void wait_for(const Arrivals* mine, int turn,
                     emulator::Where at = emulator::Where::current()) {
  emulator::wait_for(mine, turn, at);
}
template <class T>
void send(const T& value, T* mine, Arrivals* count, int rank,
          emulator::Where at = emulator::Where::current()) {
  *map_shared(mine, rank, at) = value;
  map_shared(count, rank, at)->add(-static_cast<int>(sizeof(T)));
}

template <class Quad>
void copy_ahead(const Quad* from, Quad* to) {
  emulator::copy_ahead(from, to, sizeof(Quad));
}
inline void close_copies() { emulator::close_copies(); }
template <int groups>
void copies_arrive_but() {
  emulator::copies_arrive_but(groups);
}
inline void copies_arrive() {
  close_copies();
  copies_arrive_but<0>();
}

template <class T>
T kept(T number) {
  return number;
}

// What no thread may read.
template <class T>
T anything() {
  return std::numeric_limits<T>::quiet_NaN();
}

template <class Quad>
Quad load(const Quad* at) {
  return *at;
}

template <class Quad>
Quad load_three(const Quad* at) {
  Quad q = *at;
  q.v[3] = anything<std::remove_reference_t<decltype(q.v[3])>>();
  return q;
}

template <class T>
void fetch(const T*) {}

template <class Quad>
void store(Quad q, Quad* at) {
  *at = q;
}

template <class Quad>
Quad load_anywhere(const Quad* at) {
  return *at;
}

template <class Quad>
void store_anywhere(Quad q, Quad* at) {
  *at = q;
}

template <class T>
T divide(T a, T b) {
  return a / b;
}

template <class T>
T maximum(T floor, T x) {
  return floor > x ? floor : x;
}

// Memory of the device and copies to and from it.
template <class T>
class Memory {
 public:
  Memory() = default;
  explicit Memory(std::size_t size) : size_(size) {
    if (size * sizeof(T) > emulator::most_bytes) throw OutOfMemory(size * sizeof(T));
    at_.reset(new T[size]);
    emulator::poison(at_.get(), size * sizeof(T));
  }
  T* data() const { return at_.get(); }
  std::size_t size() const { return size_; }

 private:
  std::size_t size_ = 0;
  std::unique_ptr<T[]> at_;
};

template <class T>
Memory<T> padded(std::size_t size) {
  return Memory<T>(size);
}

template <class T>
void to_device(const T* from, std::size_t size, T* to) {
  if (size) std::memcpy(to, from, size * sizeof(T));
}

template <class T>
void to_host(const T* from, std::size_t size, T* to) {
  if (size) std::memcpy(to, from, size * sizeof(T));
}

inline int multiprocessors() { return emulator::multiprocessors; }
inline std::size_t most_shared_bytes() { return emulator::most_shared_bytes; }
inline constexpr int compiled_capability = 90;

template <class Function>
int capability(Function*) {
  return emulator::capability;
}

template <class Function>
plugin::Device device(Function*) {
  plugin::Device d{};
  std::strcpy(d.name, "emulated device");
  return d;
}

template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), int blocks, int threads, std::size_t shared_bytes,
            Arguments... arguments) {
  emulator::run({.blocks = blocks, .threads = threads, .shared_bytes = shared_bytes},
                [=] { kernel(arguments...); });
}

template <class... Parameters, class... Arguments>
void launch_together(void (*kernel)(Parameters...), int blocks, int threads,
                     std::size_t shared_bytes, Arguments... arguments) {
  emulator::run(
      {.blocks = blocks, .threads = threads, .shared_bytes = shared_bytes, .cooperative = true},
      [=] { kernel(arguments...); });
}

template <class... Parameters, class... Arguments>
void launch_clusters(void (*kernel)(Parameters...), int blocks, int cluster, int threads,
                     std::size_t shared_bytes, Arguments... arguments) {
  emulator::run({.blocks = blocks,
                 .threads = threads,
                 .shared_bytes = shared_bytes,
                 .cluster = cluster,
                 .cooperative = true},
                [=] { kernel(arguments...); });
}

template <class... Parameters>
int active_clusters(void (*)(Parameters...), int cluster, int, std::size_t shared_bytes) {
  const bool fits = cluster <= emulator::most_cluster && shared_bytes <= most_shared_bytes();
  return fits ? multiprocessors() / cluster : 0;
}

}  // namespace tbrnn::dev
