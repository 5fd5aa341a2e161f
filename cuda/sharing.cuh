// Blocks that share a member, where members are fewer than multiprocessors: its crew. In teams, of one block or, where a network is
// large, of several, they take parts of its trials in turn, tiles or bunches (bunches.cuh); then what the parts leave behind is summed in
// their order. A team that has a member to itself adds part to part in the same order, so the bits are the same.
#pragma once

#include "packing.cuh"
#include "task.cuh"
#include "workers.cuh"

namespace tbrnn::cuda {

template <class T>
class Crew {
 public:
  const int number;       // of the crew
  const int team, teams;  // of the block, and how many the crew has
  const Workers all, of_team;

  __device__ Crew(const Shape<T>& shape, const Sharing<T>& sharing)
      : number(dev::block() / sharing.blocks()),
        team(dev::block() % sharing.blocks() / sharing.team_blocks),
        teams(sharing.teams),
        all(dev::block() % sharing.blocks(), sharing.blocks(), sharing.arrivals + number),
        of_team(dev::block() % sharing.team_blocks, sharing.team_blocks,
                sharing.arrivals + sharing.crews + number * teams + team),
        shape_(shape),
        sharing_(sharing) {}

  __device__ bool alone() const { return teams == 1; }
  __device__ bool leads() const { return all.rank == 0; }
  __device__ double& loss(int i) const {  // of a tile, or of a trial
    return sharing_.losses[number * sharing_.losses_of_crew + i];
  }
  __device__ Packed<T> gradient(int part) const {
    return Packed<T>::of_gradient(shape_, gradients() + static_cast<std::size_t>(part) * size());
  }

  __device__ double sum_of_losses(int tiles) const {
    double sum = 0;
    TBRNN_UNROLL_TIMES(4)
    for (int tile = 0; tile < tiles; ++tile) sum += loss(tile);
    return sum;
  }
  // By `workers`, after a barrier.
  __device__ void sum_gradients(int parts, const Workers& workers, T* sum) const {
    const T* first = gradients();
    for (std::size_t i = static_cast<std::size_t>(workers.thread()); i < size();
         i += static_cast<std::size_t>(workers.threads())) {
      T entry = first[i];
      TBRNN_UNROLL_TIMES(16)
      for (int part = 1; part < parts; ++part)
        entry += first[static_cast<std::size_t>(part) * size() + i];
      sum[i] = entry;
    }
    workers.barrier();  // the gradient is written
  }

 private:
  __device__ T* gradients() const {
    return sharing_.gradients + static_cast<std::size_t>(number * sharing_.parts) * size();
  }
  __device__ std::size_t size() const { return Packed<T>::gradient_size(shape_); }

  const Shape<T>& shape_;
  const Sharing<T>& sharing_;
};

}  // namespace tbrnn::cuda
