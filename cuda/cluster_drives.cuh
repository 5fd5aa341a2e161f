// What drives the units of a cluster, and its adjoint, before and after its time loops: each step in a warp of the team.
#pragma once

#include "cluster_memory.cuh"

namespace tbrnn::cuda {

// To rows `to` [unit][32], in a warp: b_n + sum_k w_nk v_k over `count` numbers of the lane's trial, weights [unit][stride], biases [unit] or
// null. four(first, v): those from `first` on, as many as there are
template <class T, class Four>
__device__ void drive_units(T* to, int units, const T* weights, int stride, int count,
                            const T* biases, Four four) {
  using V = Number<T>;
  int first = 0;
  do {
    V v[lane_units];
    TBRNN_UNROLL
    for (V& number : v) number = V(T(0));
    if (first < count) four(first, v);
    const T* w = weights + first;
    TBRNN_UNROLL_TIMES(4)
    for (int n = 0; n < units; ++n) {
      V drive(first ? to[n * tile_trials] : biases ? biases[n] : T(0));
      TBRNN_UNROLL
      for (int k = 0; k < lane_units; ++k)
        if (first + k < count) drive = fma(V(w[n * stride + k]), v[k], drive);
      to[n * tile_trials] = drive.v;
    }
    first += lane_units;
  } while (first < count);
}

// b_n + sum_i Q_ni u_i of all steps, in the place of the carriers that they lead to.
template <class Model, class T>
__device__ void save_input_drives(const Team<Model, T>& team, int steps) {
  using V = Number<T>;
  const Shape<T>& shape = team.shape;
  for (int t = team.workers.warp(); t < steps; t += team.workers.warps())
    drive_units(row_at(team.history.carrier(t + 1), 0), shape.units,
                team.packed.drive + shape.drives, shape.driven(), shape.inputs, team.packed.bias,
                [&](int first, V(&u)[lane_units]) {
                  four_inputs(shape, team.noise, team.trial.number, t, first,
                              inputs_of(shape, team.trial, t),
                              [&](int k, V input) { u[k % lane_units] = input; });
                });
}

// What drove every step, after the time loop: s, the inputs and 1. Where the loop made no overlaps, s = c = P'r.
template <class Model, class T>
__device__ void save_drives(const Team<Model, T>& team, int steps) {
  const Shape<T>& shape = team.shape;
  for (int t = same_in_warp(team.workers.warp()); t < steps; t += team.workers.warps()) {
    T* saved = team.history.drive(t);
    if constexpr (in_matrix<Model>)
      sum_over_units(team.packed.gather, shape.channels(), shape.reductions,
                     team.history.carrier(t), shape.units, saved);
    else
      Model::mix(shape.ranks, RowValues<T>{row_at(team.history.overlap(t), 0)},
                 RowValues<T>{row_at(saved, 0)});
    for (int first = 0; first < shape.inputs; first += lane_units)
      four_inputs(shape, team.noise, team.trial.number, t, first, inputs_of(shape, team.trial, t),
                  [&](int i, Number<T> u) { *row_at(saved, shape.drives + i) = u.v; });
    *row_at(saved, shape.driven()) = T(1);
  }
}

// What reaches the units of states 1 ... steps as outputs, sum_o P_no do_o, in the place of the e that they lead to.
template <class Model, class T>
__device__ void save_output_adjoints(const Team<Model, T>& team, int steps) {
  using V = Number<T>;
  const Shape<T>& shape = team.shape;
  for (int t = 1 + team.workers.warp(); t <= steps; t += team.workers.warps()) {
    const T* d_o = row_at(team.history.d_overlap(t), shape.reductions);
    drive_units<T>(row_at(team.history.adjoint(t - 1), 0), shape.units,
                   team.packed.gather + shape.reductions, shape.channels(), shape.readouts, nullptr,
                   [&](int first, V(&v)[lane_units]) {
                     TBRNN_UNROLL
                     for (int k = 0; k < lane_units; ++k)
                       if (first + k < shape.readouts) v[k] = V(d_o[(first + k) * tile_trials]);
                   });
  }
}

// The adjoints of the overlaps, where the loop backward made none: dc = Q'e, behind the last step 0.
template <class Model, class T>
__device__ void save_overlap_adjoints(const Team<Model, T>& team, int steps) {
  const Shape<T>& shape = team.shape;
  for (int t = same_in_warp(team.workers.warp()); t <= steps; t += team.workers.warps()) {
    T* dc = team.history.d_overlap(t);
    if (t < steps)
      sum_over_units(team.packed.drive, shape.driven(), shape.drives, team.history.adjoint(t),
                     shape.units, dc);
    else
      for (int k = 0; k < shape.reductions; ++k) *row_at(dc, k) = T(0);
  }
}

}  // namespace tbrnn::cuda
