// The training of members by teams whose blocks make the passes in clusters. All else is as in team_training.cuh.
#pragma once

#include "cluster_backward.cuh"
#include "cluster_drives.cuh"
#include "team_training.cuh"

namespace tbrnn::cuda {

template <class W>
struct InClusters {
  template <class Model, class T>
  __device__ static void forward(const Team<Model, T>& team, const Shown<T>& shown, int tile,
                                 T twice) {
    save_input_drives(team, shown.steps);
    team.workers.barrier();  // the drives are saved
    with_units<W>(team.shape,
                  [&]<class Of>(Of) { cluster_forward<Model, T, Of>(team, shown, tile); });
    team.workers.barrier();  // the states are saved
    save_drives(team, shown.steps);
    team_outputs(team, shown.steps);
    team_readout_errors(team, shown.steps, twice);
  }
  template <class Model, class T>
  __device__ static void backward(const Team<Model, T>& team, const Shown<T>& shown, int tile,
                                  T twice) {
    team_unit_errors(team, shown.steps, twice);
    team.workers.barrier();  // the adjoints of the outputs are saved
    with_units<W>(team.shape,
                  [&]<class Of>(Of) { cluster_backward<Model, T, Of>(team, shown, tile); });
    team.workers.barrier();  // e and dc are saved
  }
  template <class Model, class T>
  __device__ static void add_gradient(const Team<Model, T>& team, int steps, bool first,
                                      const Packed<T>& d) {
    add_team_gradient(team, steps, first, d);
  }
};

inline constexpr int clusters_capability = 90;

template <class Model, class T, class W>
__global__ void __launch_bounds__(block_threads, 1)
    cluster_training_kernel(const __grid_constant__ TrainingTask<T> task) {
  if constexpr (dev::compiled_capability >= clusters_capability)
    train_in_teams<InClusters<W>, Model>(task);
}

template <class Model, class T, class W>
std::size_t cluster_bytes(const Shape<T>& shape) {
  return std::max(ClusterMemory<T, W>::bytes(shape), team_bytes<Model, T>(shape));
}

}  // namespace tbrnn::cuda
