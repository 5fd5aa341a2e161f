// Backpropagation through the time loop of cluster_forward.cuh; the equations are those of backward.cuh. It leaves behind what
// team_backward.cuh does.
#pragma once

#include "cluster_forward.cuh"
#include "team_backward.cuh"

namespace tbrnn::cuda {

// Numbers that a lane keeps of its unit and trial.
enum BackwardNumber { lambda, adjoint, next_out, next_carrier };

inline constexpr int steps_ahead = 6;  // that the history is fetched before

// The adjoint of the output of the lane's unit of state t, where the loss is on the units; in all lanes that have the unit.
template <class Model, class T, class W>
__device__ Number<T> unit_error(const Cluster<Model, T, W>& c, int t, int group, T twice) {
  using V = Number<T>;
  if (c.team.shape.readouts) return V(T(0));
  V d_o(T(0));
  if (c.saves()) {
    const TeamErrors<Model, T> errors{c.team, t - 1, V(twice), c.trial(group), c.slot(group)};
    d_o = errors.of_unit(errors.common(), c.unit);
  }
  return V(dev::shuffle(all_lanes, d_o.v, lane() - W::copy()));
}

// What reaches the unit of state t as an output, sum_o P_no do_o or its own error; and the carrier.
template <class Model, class T, class W>
__device__ void prepare_adjoint(const Cluster<Model, T, W>& c, int t, T twice) {
  using V = Number<T>;
  const Shape<T>& shape = c.team.shape;
  const TeamHistory<T>& history = c.team.history;
  const T* P = c.memory.units + (warp() * warp_units + W::row()) * shape.channels();
  for (int group = 0; group < c.groups; ++group) {
    V out = unit_error(c, t, group, twice);
    if (!c.exists()) continue;
    const T* d_overlap = history.d_overlap(t) + c.slot(group);
    for (int k = shape.reductions; k < shape.channels(); ++k)
      out = fma(V(P[k]), V(*rows_from(d_overlap, k)), out);
    c.memory.mine(group, next_out) = out.v;
    c.memory.mine(group, next_carrier) = c.at(history.carrier(t), group);
    if (t > steps_ahead) dev::fetch(&c.at(history.carrier(t - steps_ahead), group));
  }
}

// The adjoints of the overlaps of state t, of the cluster's trials, by its first block; behind the last step there is nothing.
template <class Model, class T, class W>
__device__ void save_overlap_adjoints(const Cluster<Model, T, W>& c, int t, int steps) {
  const Shape<T>& shape = c.team.shape;
  const int trial = dev::thread(), slot = c.first_group * W::trials + trial;
  if (dev::cluster_rank() || trial >= c.groups * W::trials) return;
  const StridedRows<T> c_t{c.team.history.overlap(t) + slot, tile_trials},
      ds{c.memory.channels_at(t) + trial, W::most_trials},
      dc{c.team.history.d_overlap(t) + slot, tile_trials};
  if (t < steps) return Model::mix_adjoint(shape.ranks, c_t, ds, dc);
  for (int k = 0; k < shape.reductions; ++k) dc.set(k, Number<T>(T(0)));
}

// Of the trials that the cluster works on at a time.
template <class Model, class T, class W>
__device__ TBRNN_INLINED void run_steps_back(const Cluster<Model, T, W>& c,
                                             const ClusterMatrix<T, W>& weights, int steps,
                                             T twice) {
  using V = Number<T>;
  const Shape<T>& shape = c.team.shape;
  const TeamHistory<T>& history = c.team.history;
  const ClusterMemory<T, W>& memory = c.memory;
  const T* P = memory.units + (warp() * warp_units + W::row()) * shape.channels();
  for (int group = 0; group < c.groups; ++group) memory.mine(group, lambda) = T(0);
  prepare_adjoint(c, steps, twice);
  for (int t = steps; t > 0; --t) {  // the adjoint of state t, which step t - 1 made
    const bool last = t == steps;
    if (!last) cluster_channels(memory, t, shape.drives, c.groups);
    for (int group = 0; group < c.groups; ++group) {
      V g(T(0));
      if (!last) g = weights.times(memory.sent_at(t, group));
      if (group == 0 && shape.drives) dev::block_barrier();  // the channels are there
      if (!c.exists()) continue;
      const Mixed<T> c_t{history.overlap(t) + c.slot(group), tile_trials, P, &g},
          ds{memory.channels_at(t) + group * W::trials + W::trial(), W::most_trials, P, &g};
      if (!last) Model::mix_adjoint(shape.ranks, c_t, ds, ds);
      const auto at = [&](const T* rows) { return V(c.at(rows, group)); };
      const UnitAdjoint<T> d(shape, history, t - 1, c.unit, V(memory.mine(group, lambda)),
                             V(memory.mine(group, next_carrier)), V(memory.mine(group, next_out)),
                             g, at);
      c.send(t - 1, group, d.e);
      memory.mine(group, lambda) = d.lambda.v;
      memory.mine(group, adjoint) = d.e.v;
    }
    dev::cluster_arrive();
    for (int group = 0; group < c.groups; ++group)
      if (c.saves()) c.at(history.adjoint(t - 1), group) = memory.mine(group, adjoint);
    save_overlap_adjoints(c, t, steps);
    if (t > 1) prepare_adjoint(c, t - 1, twice);
    dev::cluster_wait();  // e of the step is there
  }
  if (shape.drives == 0) return;
  cluster_channels(memory, 0, shape.drives, c.groups);
  dev::block_barrier();
  save_overlap_adjoints(c, 0, steps);
}

template <class Model, class T, class W>
__device__ TBRNN_INLINED void cluster_backward(const Team<Model, T>& team, const Shown<T>& shown,
                                               int tile, T twice) {
  const Shape<T>& shape = team.shape;
  const Packed<T>& packed = team.packed;
  Cluster<Model, T, W> c(team);
  const int channels = shape.channels(), first = dev::cluster_rank() * block_units;
  const ClusterMatrix<T, W> weights(shape, team.product.pulls, c.first_unit, c.memory);
  c.load_overlaps(packed.drive, shape.driven(), shape.drives);
  for (int i = dev::thread(); i < block_units * channels; i += block_threads)
    if (first + i / channels < shape.units) c.memory.units[i] = packed.gather[first * channels + i];
  each_bunch(c, shown, tile, [&] { run_steps_back(c, weights, same_in_warp(shown.steps), twice); });
}

}  // namespace tbrnn::cuda
