// Threads, their barriers, and what the lanes of a warp give one another.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tbrnn::dev {

__device__ inline int thread() { return static_cast<int>(threadIdx.x); }
__device__ inline int threads() { return static_cast<int>(blockDim.x); }
__device__ inline int block() { return static_cast<int>(blockIdx.x); }
__device__ inline int block_anew() {  // which the compiler does not keep
  int block;
  asm volatile("mov.u32 %0, %%ctaid.x;" : "=r"(block));
  return block;
}
__device__ inline int blocks() { return static_cast<int>(gridDim.x); }

template <class T>
__device__ T* shared_memory() {
  extern __shared__ __align__(16) unsigned char bytes[];
  return reinterpret_cast<T*>(bytes);
}

__device__ inline std::size_t shared_bytes() {  // that the launch asked for
  unsigned bytes;
  asm("mov.u32 %0, %%dynamic_smem_size;" : "=r"(bytes));
  return bytes;
}

__device__ inline void block_barrier() { __syncthreads(); }
// The same for warps in different roles, which wait at different places of the code; __syncthreads() is for one place.
__device__ inline void barrier_of_roles() { asm volatile("barrier.sync 0;" ::: "memory"); }
__device__ inline void warp_barrier() { __syncwarp(); }

template <class T>
__device__ T shuffle(std::uint32_t mask, T value, int source_lane) {
  return __shfl_sync(mask, value, source_lane);
}

// Of lane `source` of so many that lie together.
template <int lanes, class T>
__device__ T shuffle_among(std::uint32_t mask, T value, int source) {
  return __shfl_sync(mask, value, source, lanes);
}

template <class T>
__device__ T shuffle_xor(std::uint32_t mask, T value, int lanes) {
  return __shfl_xor_sync(mask, value, lanes);
}

// Whether it is so in any lane; the compiler knows that all have the same answer.
__device__ inline bool any(std::uint32_t mask, bool is_so) { return __any_sync(mask, is_so); }

}  // namespace tbrnn::dev
