// Sums over the threads of a block in a fixed order: the lanes of a warp by halves, the warps in order.
#pragma once

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
