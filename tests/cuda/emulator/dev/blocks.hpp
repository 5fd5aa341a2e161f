// Blocks that wait for one another, and what those of a cluster send.
#pragma once

#include "dev/threads.hpp"
#include "emulator.hpp"

namespace tbrnn::dev {

// A barrier of blocks in two halves, counted as on a device.
inline unsigned arrive_among_blocks(unsigned* count, int blocks,
                                    emulator::Where at = emulator::Where::current()) {
  emulator::check_blocks(blocks, at);
  emulator::block_barrier(at);
  const unsigned all = static_cast<unsigned>(blocks);
  const unsigned goal = thread() ? 0 : ((*count)++ / all + 1) * all;
  emulator::let_others_go_first(at);
  return goal;
}
inline void wait_for_blocks(const unsigned* count, unsigned goal, int,
                            emulator::Where at = emulator::Where::current()) {
  if (thread() == 0) emulator::wait_for_count(count, goal, at);
  emulator::block_barrier(at);
}

inline int cluster_rank() { return emulator::place().cluster_rank; }
inline int cluster_size() { return emulator::place().cluster_size; }

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

// The same place in the shared memory of another block of the cluster.
template <class T>
T* map_shared(T* mine, int rank, emulator::Where at = emulator::Where::current()) {
  return static_cast<T*>(emulator::map_shared(mine, rank, at));
}

// What blocks of a cluster send to one another.
using emulator::Arrivals;
inline void begin(Arrivals* mine) { *mine = {0, 1, 0}; }
inline void end(Arrivals* mine) { emulator::poison(mine, sizeof(Arrivals)); }
inline void expect(Arrivals* mine, int bytes, emulator::Where at = emulator::Where::current()) {
  emulator::expect(mine, bytes, at);
}
inline void wait_for(const Arrivals* mine, int turn,
                     emulator::Where at = emulator::Where::current()) {
  emulator::wait_for(mine, turn, at);
}
template <class T>
void send(const T& value, T* mine, Arrivals* count, int rank,
          emulator::Where at = emulator::Where::current()) {
  static_assert(sizeof(T) <= 16);
  emulator::send(&value, sizeof(T), mine, count, rank, at);
}

}  // namespace tbrnn::dev
