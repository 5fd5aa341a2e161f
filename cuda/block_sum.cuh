// Sums over the threads of a block in a fixed order: the lanes of a warp by halves, the warps in order.
#pragma once

#include <new>

#include "dev.cuh"
#include "views.cuh"

namespace tbrnn::cuda {

// The sum over a warp's trials; lanes 0 ... lanes - 1 use it.
template <int lanes, class T>
__device__ T over_trials(T value) {
  TBRNN_UNROLL
  for (int apart = 16; apart >= lanes; apart /= 2)
    value += dev::shuffle_xor(all_lanes, value, apart);
  return value;
}

// What thread 0 has, in every thread. From shared memory, so the compiler knows that it is the same in all; where it does not, it takes
// the warps of a loop for split and guards every shuffle in it.
template <class V>
__device__ V of_first_thread(const V& value) {
  V* of_block = dev::shared_memory<V>();
  dev::block_barrier();
  if (dev::thread() == 0) new (of_block) V(value);
  dev::block_barrier();
  const V same = *of_block;
  dev::block_barrier();  // before the memory is used for something else
  return same;
}

// What is the same in all lanes of a warp, so that the compiler knows it too.
template <class V>
__device__ V same_in_warp(V value) {
  return dev::shuffle(all_lanes, value, 0);
}

// value(0) + value(1) + ... + value(count - 1), so many of which are asked for at a time, the last ones too.
template <class T, int at_once = 8, class Value>
__device__ T sum_in_order(int count, Value value) {
  const T nothing(-0.0);  // to which every number, -0 too, adds up to itself
  T sum = nothing;
  for (int first = 0; first < count; first += at_once) {
    TBRNN_UNROLL
    for (int i = 0; i < at_once; ++i) sum += first + i < count ? value(first + i) : nothing;
  }
  return sum;
}

// In every thread.
__device__ inline double over_block(double sum) {
  sum = over_trials<1>(sum);
  double* of_warps = dev::shared_memory<double>();
  dev::block_barrier();
  if (dev::thread() % 32 == 0) of_warps[dev::thread() / 32] = sum;
  dev::block_barrier();
  double total = 0;
  for (int warp = 0; warp < warps; ++warp) total += of_warps[warp];
  dev::block_barrier();  // before the memory is used for something else
  return total;
}

}  // namespace tbrnn::cuda
