// Blocks that share a member, where members are fewer than multiprocessors. The tiles of trials are dealt out among them; the first of
// the blocks, which leads, sums what the tiles leave behind, in their order, and takes the step. A block that has a member to itself
// adds tile to tile in the same order, so the bits are the same.
#pragma once

#include "packing.cuh"
#include "task.cuh"

namespace tbrnn::cuda {

template <class T>
class Crew {
 public:
  const int blocks;  // of each member
  const int number;  // of the crew
  const int rank;    // of the block

  __device__ Crew(const Shape<T>& shape, const Sharing<T>& sharing)
      : blocks(sharing.blocks),
        number(dev::block() / blocks),
        rank(dev::block() % blocks),
        shape_(shape),
        sharing_(sharing) {}

  __device__ bool alone() const { return blocks == 1; }
  __device__ bool leads() const { return rank == 0; }
  __device__ void barrier() const {
    if (alone())
      dev::block_barrier();
    else
      dev::barrier_of_blocks(sharing_.arrivals + number, blocks);
  }
  __device__ double& loss(int tile) const { return sharing_.losses[at(tile)]; }
  __device__ T* gradient(int tile) const { return sharing_.gradients + at(tile) * size(); }

  // By the leader, after a barrier. Returns the sum of the losses; `gradient` is null where nothing is learned.
  __device__ double sum(int tiles, T* gradient) const {
    double sum = 0;
    for (int tile = 0; tile < tiles; ++tile) sum += loss(tile);
    if (!gradient) return sum;
    for (std::size_t i = static_cast<std::size_t>(dev::thread()); i < size(); i += block_threads) {
      T entry = this->gradient(0)[i];
      for (int tile = 1; tile < tiles; ++tile) entry += this->gradient(tile)[i];
      gradient[i] = entry;
    }
    dev::block_barrier();  // the gradient is written
    return sum;
  }

 private:
  __device__ std::size_t at(int tile) const {
    return static_cast<std::size_t>(number * sharing_.tiles + tile);
  }
  __device__ std::size_t size() const { return Packed<T>::size(shape_); }

  const Shape<T>& shape_;
  const Sharing<T>& sharing_;
};

}  // namespace tbrnn::cuda
