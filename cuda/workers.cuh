// The threads of one block, or of several in a cooperative launch, that share out what is to be done and wait for one another.
#pragma once

#include "dev.cuh"
#include "views.cuh"

namespace tbrnn::cuda {

class Workers {
 public:
  const int rank = 0, blocks = 1;  // of the block among them

  Workers() = default;  // of one block
  __device__ Workers(int of_block, int count, unsigned* arrivals)
      : rank(of_block), blocks(count), arrivals_(arrivals) {}

  __device__ int thread() const { return rank * block_threads + dev::thread(); }
  __device__ int threads() const { return blocks * block_threads; }
  // The same with neighbouring warps in different blocks, where there is little to do for each of them.
  __device__ int spread_thread() const {
    return (dev::thread() / 32 * blocks + rank) * 32 + dev::thread() % 32;
  }
  __device__ bool first() const { return thread() == 0; }
  __device__ int warp() const { return thread() / 32; }
  __device__ int warps() const { return threads() / 32; }
  __device__ void barrier() const { wait(arrive()); }

  // Between the two a block does what neither needs of the others nor they of it.
  __device__ unsigned arrive() const {
    if (blocks > 1) return dev::arrive_among_blocks(arrivals_, blocks);
    dev::block_barrier();
    return 0;
  }
  __device__ void wait(unsigned arrival) const {
    if (blocks > 1)
      dev::wait_for_blocks(arrivals_, arrival, blocks);
    else
      dev::block_barrier();
  }

 private:
  unsigned* arrivals_ = nullptr;  // 0 before the launch
};

}  // namespace tbrnn::cuda
