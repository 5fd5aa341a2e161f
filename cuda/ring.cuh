// What the backward pass reads of four states, on its way from global to shared memory: a load would have every other load wait for it. A
// thread receives what it has asked for itself.
#pragma once

#include "lane.cuh"

namespace tbrnn::cuda {

template <class T, int lanes>
struct Ring {
  static constexpr int slots = ring_slots;

  Quad<T> carrier[slots][block_threads];
  Quad<T> inputs[slots][Group<lanes>::trials];

  __device__ static Ring& of_block() {
    return *reinterpret_cast<Ring*>(dev::shared_memory<unsigned char>() + bytes_at_hand<T>);
  }

  // The inputs of steps t and t + 1, a group.
  __device__ void ask_for_inputs(int t, int steps, const Quad<T>* given, int slot) {
    if (t < steps) dev::copy_ahead(given, &inputs[slot % slots][Group<lanes>::trial()]);
    if (t + 1 < steps)
      dev::copy_ahead(given + tile_trials, &inputs[(slot + 1) % slots][Group<lanes>::trial()]);
    dev::close_copies();
  }
  // State t, and the inputs of the step from it.
  __device__ void ask(int t, const Quad<T>* sent, const Quad<T>* given, int slot) {
    if (t < 0) return;
    dev::copy_ahead(sent, &carrier[slot % slots][dev::thread()]);
    dev::copy_ahead(given, &inputs[slot % slots][Group<lanes>::trial()]);
  }
  // A group: states t and t - 1.
  __device__ void ask_for_two(int t, const Quad<T>* sent, const Quad<T>* given, int slot) {
    ask(t, sent, given, slot);
    ask(t - 1, sent - block_threads, given - tile_trials, slot + 1);
    dev::close_copies();
  }
  // The last state, which no step leaves, and the one before.
  __device__ void ask_for_last_two(int t, const Quad<T>* sent, const Quad<T>* given, int slot) {
    dev::copy_ahead(sent, &carrier[slot % slots][dev::thread()]);
    ask(t - 1, sent - block_threads, given - tile_trials, slot + 1);
    dev::close_copies();
  }
  __device__ static void all_but_the_last_group_arrive() { dev::copies_arrive_but<1>(); }

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
