// The training of members by teams whose blocks make the passes in clusters. All else is as in team_training.cuh.
#pragma once

#include "cluster_backward.cuh"
#include "cluster_drives.cuh"
#include "team_training.cuh"

namespace tbrnn::cuda {

// Where the loss is on the units: the adjoints of the outputs of all steps, in the place of e; each unit in a warp of the team.
template <class Model, class T>
__device__ void team_unit_errors(const Team<Model, T>& team, int steps, T twice) {
  for (int n = team.workers.warp(); n < team.shape.units; n += team.workers.warps())
    for (int t = steps; t > 0; --t) {
      const TeamErrors<Model, T> errors{team, t - 1, Number<T>(twice)};
      *row_at(team.history.adjoint(t - 1), n) = errors.of_unit(errors.common(), n).v;
    }
}

template <class W>
struct InClusters {
  template <class Model, class T>
  __device__ static void forward(const Team<Model, T>& team, const Shown<T>& shown, int tile,
                                 T twice) {
    save_input_drives(team, shown.steps);
    team.workers.barrier();  // the drives are saved
    with_options<W>(team.shape, clusters_of(team), [&]<class Woven>(Woven) {
      cluster_forward<Model, T, Woven>(team, shown, tile);
    });
    team.workers.barrier();  // the states are saved
    team_outputs(team, shown.steps);
    team_readout_errors(team, shown.steps, twice);
  }
  template <class Model, class T>
  __device__ static void backward(const Team<Model, T>& team, const Shown<T>& shown, int tile,
                                  T twice) {
    save_drives(team, shown.steps);
    if (team.shape.readouts)
      save_output_adjoints(team, shown.steps);
    else
      team_unit_errors(team, shown.steps, twice);
    team.workers.barrier();  // the adjoints of the outputs are saved
    with_options<W>(team.shape, clusters_of(team), [&]<class Woven>(Woven) {
      cluster_backward<Model, T, Woven>(team, shown, tile);
    });
    team.workers.barrier();  // e is saved, and dc where the loop makes it
    if constexpr (in_matrix<Model>) {
      save_overlap_adjoints(team, shown.steps);
      team.workers.barrier();  // dc is saved
    }
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
  return std::max(ClusterMemory<T, W>::bytes(shape, has_channels<Model>),
                  team_bytes<Model, T>(shape));
}

}  // namespace tbrnn::cuda
