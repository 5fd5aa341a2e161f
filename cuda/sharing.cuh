// Blocks that share a member, where members are fewer than multiprocessors: its crew. In teams, of one block or, where a network is
// large, of several, they take parts of its trials in turn: sixteen trials, a tile, or a bunch (bunches.cuh). Then what the parts leave
// behind is summed in their order. A team that has a member to itself adds part to part in the same order, so the bits are the same.
#pragma once

#include "packing.cuh"
#include "task.cuh"
#include "workers.cuh"

namespace tbrnn::cuda {

template <class T>
class Crew {
 public:
  // `half`: in shared memory, of blocks that take the steps each for itself, 0 or 1 in turn. They meet once in a pass; so they leave their
  // sums in two places in turn, of which one may still be read.
  __device__ Crew(const Shape<T>& shape, const Sharing<T>& sharing, const int* half = nullptr)
      : shape_(shape), sharing_(sharing), half_(half) {}

  // Made from the number of the block each time, which a pass has no registers to keep.
  __device__ int number() const { return dev::block_anew() / sharing_.blocks(); }
  __device__ int teams() const { return sharing_.teams; }
  __device__ int team() const {
    return dev::block_anew() % sharing_.blocks() / sharing_.team_blocks;
  }
  __device__ Workers all() const {
    return {dev::block_anew() % sharing_.blocks(), sharing_.blocks(), sharing_.arrivals + number()};
  }
  __device__ Workers of_team() const {
    return {dev::block_anew() % sharing_.team_blocks, sharing_.team_blocks,
            sharing_.arrivals + sharing_.crews + number() * teams() + team()};
  }

  __device__ bool alone() const { return teams() == 1; }
  __device__ bool leads() const { return dev::block_anew() % sharing_.blocks() == 0; }
  __device__ bool each_steps() const { return half_; }
  __device__ double& loss(int i) const {  // of a part, or of a trial
    return sharing_.losses[place() * sharing_.losses_of_crew + i];
  }
  __device__ Packed<T> gradient(int part) const {
    return Packed<T>::of_gradient(shape_, gradients() + static_cast<std::size_t>(part) * size());
  }

  // In the first warp: of trials, those of each tile first.
  __device__ double sum_of_trials(int trials) const {
    double sum = 0;
    for (int first = 0; first < trials; first += 32 * tile_trials) {
      const int begin = first + dev::thread() % 32 * tile_trials, left = trials - begin;
      double of_tile = 0;
      TBRNN_UNROLL_TIMES(16)
      for (int i = 0; i < tile_trials && i < left; ++i) of_tile += loss(begin + i);
      for (int lane = 0; lane < 32; ++lane) sum += dev::shuffle(all_lanes, of_tile, lane);
    }
    return sum;
  }
  __device__ double sum_of_losses(int parts) const {
    double sum = 0;
    TBRNN_UNROLL_TIMES(8)
    for (int part = 0; part < parts; ++part) sum += loss(part);
    return sum;
  }
  // By `workers`, after a barrier.
  template <int at_once = 8>
  __device__ void sum_gradients(int parts, const Workers& workers, T* sum) const {
    const T* first = gradients();
    const std::size_t apart = size();
    for (std::size_t i = static_cast<std::size_t>(workers.spread_thread()); i < apart;
         i += static_cast<std::size_t>(workers.threads()))
      sum[i] = sum_in_order<T, at_once>(
          parts, [&](int part) { return first[static_cast<std::size_t>(part) * apart + i]; });
    workers.barrier();  // the gradient is written
  }

 private:
  __device__ int place() const { return number() + (half_ ? *half_ * sharing_.crews : 0); }
  __device__ T* gradients() const {
    return sharing_.gradients + static_cast<std::size_t>(place() * sharing_.parts) * size();
  }
  __device__ std::size_t size() const { return Packed<T>::gradient_size(shape_); }

  const Shape<T>& shape_;
  const Sharing<T>& sharing_;
  const int* const half_;
};

}  // namespace tbrnn::cuda
