// What the backward pass reads of four states, on its way from global to shared memory: a load would have every other load wait for it. It
// is asked for in groups of two states. A thread receives the states that it has asked for itself, and the inputs that the first lanes of its
// trial have. When a group has arrived, what was received before may be written over.
#pragma once

#include "lane.cuh"

namespace tbrnn::cuda {

template <class T, int lanes>
struct Ring {
  static constexpr int slots = ring_slots, of_group = 2;

  Quad<T> carrier[slots][block_threads];
  Quad<T> inputs[slots][Group<lanes>::trials];

  __device__ static Ring& of_block() {
    return *reinterpret_cast<Ring*>(dev::shared_memory<unsigned char>() + bytes_at_hand<T>);
  }

  // Of the inputs of a group each of the first lanes asks for those of one step: of one of these, so many steps later or earlier.
  __device__ static int lane() { return Group<lanes>::lane(); }
  __device__ static bool asks_for_inputs() { return lane() < of_group; }
  __device__ static const Quad<T>* own_inputs(const T* given, int direction) {
    return dev::kept(reinterpret_cast<const Quad<T>*>(given) + direction * lane() * tile_trials);
  }
  __device__ void ask_for_inputs(bool asks, const Quad<T>* given, int slot) {
    if (asks) dev::copy_ahead(given, &inputs[slot % slots + lane()][Group<lanes>::trial()]);
  }
  // A state and the one before, or as many as are left.
  __device__ void ask_for_states(int left, const Quad<T>* sent, int slot) {
    if (left > 0) dev::copy_ahead(sent, &carrier[slot % slots][dev::thread()]);
    if (left > 1)
      dev::copy_ahead(sent - block_threads, &carrier[(slot + 1) % slots][dev::thread()]);
  }
  __device__ static void close_group() { dev::close_copies(); }
  // In the whole warp: all groups but the last few.
  template <int but>
  __device__ static void groups_arrive() {
    dev::copies_arrive_but<but>();
    dev::warp_barrier();
  }

  __device__ void receive_state(int slot, Number<T> (&value)[lane_units]) const {
    const Quad<T> sent = carrier[slot % slots][dev::thread()];
    TBRNN_UNROLL
    for (int i = 0; i < lane_units; ++i) value[i] = Number<T>(sent.v[i]);
  }
  template <
      int most>  // behind the first numbers of s, and if there is room for it the 1 behind them
  __device__ void receive_inputs(int slot, int first, Number<T> (&s)[most]) const {
    const Quad<T> u = inputs[slot % slots][Group<lanes>::trial()];
    TBRNN_UNROLL
    for (int i = 0; first + i < most; ++i) s[first + i] = Number<T>(u.v[i]);
  }
};

}  // namespace tbrnn::cuda
