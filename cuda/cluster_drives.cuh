// What drives the units of a cluster, before and after its time loop: each step in a warp of the team.
#pragma once

#include "batches.cuh"
#include "team_forward.cuh"

namespace tbrnn::cuda {

// b_n + sum_i Q_ni u_i of all steps, in the place of the carriers that they lead to.
template <class Model, class T>
__device__ void save_input_drives(const Team<Model, T>& team, int steps) {
  using V = Number<T>;
  const Shape<T>& shape = team.shape;
  const int driven = shape.driven();
  for (int t = team.workers.warp(); t < steps; t += team.workers.warps()) {
    T* saved = row_at(team.history.carrier(t + 1), 0);
    int first = 0;
    do {
      V u[lane_units];
      TBRNN_UNROLL
      for (V& input : u) input = V(T(0));
      if (first < shape.inputs)
        four_inputs(shape, team.noise, team.trial.number, t, first, inputs_of(shape, team.trial, t),
                    [&](int k, V input) { u[k % lane_units] = input; });
      const T* Q = team.packed.drive + shape.drives + first;
      TBRNN_UNROLL_TIMES(4)
      for (int n = 0; n < shape.units; ++n) {
        V drive(first ? saved[n * tile_trials] : team.packed.bias[n]);
        TBRNN_UNROLL
        for (int k = 0; k < lane_units; ++k)
          if (first + k < shape.inputs) drive = fma(V(Q[n * driven + k]), u[k], drive);
        saved[n * tile_trials] = drive.v;
      }
      first += lane_units;
    } while (first < shape.inputs);
  }
}

// What drove every step, after the time loop: s, the inputs and 1; and where the loop did without them, the overlaps c = P'r.
template <class Model, class T>
__device__ void save_drives(const Team<Model, T>& team, int steps) {
  const Shape<T>& shape = team.shape;
  for (int t = team.workers.warp(); t < steps; t += team.workers.warps()) {
    T* saved = team.history.drive(t);
    if constexpr (in_matrix<Model>)
      sum_over_units(team.packed.gather, shape.channels(), shape.reductions,
                     team.history.carrier(t), shape.units, team.history.overlap(t));
    Model::mix(shape.ranks, RowValues<T>{row_at(team.history.overlap(t), 0)},
               RowValues<T>{row_at(saved, 0)});
    for (int first = 0; first < shape.inputs; first += lane_units)
      four_inputs(shape, team.noise, team.trial.number, t, first, inputs_of(shape, team.trial, t),
                  [&](int i, Number<T> u) { *row_at(saved, shape.drives + i) = u.v; });
    *row_at(saved, shape.driven()) = T(1);
  }
}

// The adjoints of the overlaps, where the time loop did without them: dc = Q'e, behind the last step 0.
template <class Model, class T>
__device__ void save_overlap_adjoints(const Team<Model, T>& team,
                                      int steps) requires in_matrix<Model> {
  const Shape<T>& shape = team.shape;
  for (int t = team.workers.warp(); t <= steps; t += team.workers.warps()) {
    T* dc = team.history.d_overlap(t);
    if (t < steps)
      sum_over_units(team.packed.drive, shape.driven(), shape.drives, team.history.adjoint(t),
                     shape.units, dc);
    else
      for (int k = 0; k < shape.reductions; ++k) *row_at(dc, k) = T(0);
  }
}

}  // namespace tbrnn::cuda
