// The time loop of the trials of a cluster; the equations are those of forward.cuh. While the blocks of the cluster wait for one another,
// each lane makes what its unit needs of the next step: its inputs and its noise.
#pragma once

#include <new>

#include "batches.cuh"
#include "cluster.cuh"
#include "team_forward.cuh"

namespace tbrnn::cuda {

// What a lane needs at every step of the trials that its cluster works on at a time.
template <class Model, class T, class W>
struct Cluster {
  using V = Number<T>;

  const Team<Model, T>& team;
  const ClusterMemory<T, W> memory;
  const int first_unit;  // of the warp
  const int unit;        // of the lane
  int first_group = 0, groups = 0;

  __device__ explicit Cluster(const Team<Model, T>& t)
      : team(t),
        memory(t.shape, dev::shared_memory<T>()),
        first_unit(dev::cluster_rank() * block_units + warp() * warp_units),
        unit(first_unit + W::row()) {}

  __device__ bool exists() const { return unit < team.shape.units; }
  __device__ int slot(int group) const {  // of the lane's trial in its tile
    return (first_group + group) * W::trials + W::trial();
  }
  __device__ const Source<T>& trial(int group) const {
    return memory.trials[group * W::trials + W::trial()];
  }
  // The lane's entry of rows [unit][32] and [channel][32].
  template <class Rows>
  __device__ Rows& at(Rows* rows, int group) const {
    return rows_from(rows, unit)[slot(group)];
  }
  __device__ bool saves() const { return exists() && W::copy() == 0; }

  // The unit's number of state or step t to all blocks of the cluster.
  __device__ void send(int t, int group, V value) const {
    if (!exists()) return;
    T* mine = memory.sent_at(t, group) + unit * W::trials + W::trial();
    for (int block = W::copy(); block < dev::cluster_size(); block += W::copies)
      dev::store_remote(mine, block, value.v);
  }
  // Before the first is sent: 0 for the units that do not exist, when nobody uses the memory for something else.
  __device__ void clear_sent() const {
    for (int i = dev::thread(); i < 2 * memory.of_step(); i += block_threads) memory.sent[i] = T(0);
    dev::cluster_arrive();
    dev::cluster_wait();
  }
  // Columns `first` ... of rows [unit][stride] as rows [channel][unit] of all units.
  __device__ void load_overlaps(const T* rows, int stride, int count) const {
    const int columns = memory.columns;
    for (int i = dev::thread(); i < count * columns; i += block_threads) {
      const int n = i % columns;
      memory.overlaps[i] = n < team.shape.units ? rows[n * stride + i / columns] : T(0);
    }
  }
};

// Numbers that a lane keeps of its unit and trial.
enum ForwardNumber { state, carrier, next_drive, next_noise };

// State t of the lane's unit.
template <class Model, class T, class W>
__device__ void save_states(const Cluster<Model, T, W>& c, int t) {
  const Shape<T>& shape = c.team.shape;
  const TeamHistory<T>& history = c.team.history;
  if (!c.saves()) return;
  for (int group = 0; group < c.groups; ++group) {
    c.at(history.carrier(t), group) = c.memory.mine(group, carrier);
    const T x = c.memory.mine(group, state);
    if (t && shape.apart) c.at(history.apart(t - 1), group) = phi(shape.phi_out, Number<T>(x)).v;
    if (t && shape.saves_state()) c.at(history.state(t - 1), group) = x;
  }
}

// b_n + sum_i Q_ni u_i and the noise of step t
template <class Model, class T, class W>
__device__ void prepare_step(const Cluster<Model, T, W>& c, int t) {
  using V = Number<T>;
  const Shape<T>& shape = c.team.shape;
  const int driven = shape.driven();
  const T* Q = c.memory.units + (warp() * warp_units + W::row()) * (driven + 1);
  for (int group = 0; group < c.groups; ++group) {
    const Source<T>& trial = c.trial(group);
    V drive(Q[driven]);
    for (int first = 0; first < shape.inputs; first += lane_units)
      four_inputs(shape, c.team.noise, trial, t, first,
                  [&](int i, V u) { drive = fma(V(Q[shape.drives + i]), u, drive); });
    c.memory.mine(group, next_drive) = drive.v;
    if (c.team.noise.sigma != T(0))
      c.memory.mine(group, next_noise) = normal(c.team.noise, t, trial.number, c.unit);
  }
}

// Overlaps of state t of the cluster's trials, as its first block has them.
template <class Model, class T, class W>
__device__ void save_overlaps(const Cluster<Model, T, W>& c, int t) {
  if (dev::cluster_rank() || lane() >= c.groups * W::trials) return;
  T* saved = c.team.history.overlap(t) + c.first_group * W::trials + lane();
  for (int k = warp(); k < c.team.shape.reductions; k += warps)
    *rows_from(saved, k) = c.memory.channels_at(t)[k * W::most_trials + lane()];
}

// Of the trials that the cluster works on at a time. What goes to global memory does so behind the arrival, which waits for it.
template <class Model, class T, class W>
__device__ TBRNN_INLINED void run_steps(const Cluster<Model, T, W>& c,
                                        const ClusterMatrix<T, W>& weights, int steps) {
  using V = Number<T>;
  const Shape<T>& shape = c.team.shape;
  const TeamHistory<T>& history = c.team.history;
  const ClusterMemory<T, W>& memory = c.memory;
  const bool noisy = c.team.noise.sigma != T(0), voltage = c.team.voltage();
  const T* Q = memory.units + (warp() * warp_units + W::row()) * (shape.driven() + 1);
  const auto reached = [&](int t, int group, V x) {  // state t
    const V r = voltage ? x : phi(shape.phi, x);
    c.send(t, group, r);
    memory.mine(group, state) = x.v;
    memory.mine(group, carrier) = r.v;
  };
  for (int group = 0; group < c.groups; ++group) {
    const T* initial = c.trial(group).initial;
    reached(0, group, V(initial && c.exists() ? initial[c.unit] : T(0)));
    if (shape.readouts == 0 && c.saves()) c.at(history.losses, group) = T(0);
  }
  for (int t = 0;; ++t) {  // state t, then the step to the next
    dev::cluster_arrive();
    save_states(c, t);
    if (t > 0) save_overlaps(c, t - 1);
    if (t < steps) prepare_step(c, t);
    dev::cluster_wait();  // the carriers of state t are there
    if (t == steps) break;
    cluster_channels(memory, t, shape.reductions, c.groups);
    for (int group = 0; group < c.groups; ++group) {
      V sum = weights.times(memory.sent_at(t, group));
      if (group == 0 && shape.reductions) dev::block_barrier();  // the channels are there
      if (!c.exists()) continue;
      sum = sum + V(memory.mine(group, next_drive));
      const Mixed<T> channels{memory.channels_at(t) + group * W::trials + W::trial(),
                              W::most_trials, Q, &sum};
      Model::mix(shape.ranks, channels, channels);
      V x = step_of_unit(shape, c.unit, V(memory.mine(group, state)), sum, [&](V response) {
        if (c.saves()) c.at(history.response(t), group) = response.v;
      });
      if (noisy) x = fma(V(c.team.noise.sigma), V(memory.mine(group, next_noise)), x);
      reached(t + 1, group, x);
    }
  }
}

// work() for the trials of a tile that are this cluster's, some groups at a time
template <class Model, class T, class W, class Work>
__device__ TBRNN_INLINED void each_bunch(Cluster<Model, T, W>& c, const Shown<T>& shown, int tile,
                                         Work work) {
  const Workers& team = c.team.workers;
  const int size = dev::cluster_size(), clusters = team.blocks / size, rank = team.rank / size,
            end = W::groups * (rank + 1) / clusters;
  for (c.first_group = W::groups * rank / clusters; c.first_group < end;
       c.first_group += most_groups) {
    c.groups = end - c.first_group < most_groups ? end - c.first_group : most_groups;
    const int trial = dev::thread();
    if (trial < c.groups * W::trials)
      new (c.memory.trials + trial) Source<T>(
          shown.source(c.team.shape, tile * tile_trials + c.first_group * W::trials + trial));
    c.clear_sent();
    work();
    dev::block_barrier();  // the memory may be written again
  }
}

template <class Model, class T, class W>
__device__ TBRNN_INLINED void cluster_forward(const Team<Model, T>& team, const Shown<T>& shown,
                                              int tile) {
  Cluster<Model, T, W> c(team);
  const Shape<T>& shape = team.shape;
  const Packed<T>& packed = team.packed;
  const int driven = shape.driven(), first = dev::cluster_rank() * block_units;
  const ClusterMatrix<T, W> weights(shape, team.product.weights, c.first_unit, c.memory);
  c.load_overlaps(packed.gather, shape.channels(), shape.reductions);
  for (int i = dev::thread(); i < block_units * (driven + 1); i += block_threads) {
    const int n = first + i / (driven + 1), k = i % (driven + 1);
    if (n < shape.units)
      c.memory.units[i] = k < driven ? packed.drive[n * driven + k] : packed.bias[n];
  }
  each_bunch(c, shown, tile, [&] { run_steps(c, weights, same_in_warp(shown.steps)); });
}

// What drove every step, after the time loop: s, the inputs and 1; each step in a warp of the team.
template <class Model, class T>
__device__ void save_drives(const Team<Model, T>& team, int steps) {
  const Shape<T>& shape = team.shape;
  for (int t = team.workers.warp(); t < steps; t += team.workers.warps()) {
    T* saved = team.history.drive(t);
    Model::mix(shape.ranks, RowValues<T>{row_at(team.history.overlap(t), 0)},
               RowValues<T>{row_at(saved, 0)});
    for (int first = 0; first < shape.inputs; first += lane_units)
      four_inputs(shape, team.noise, team.trial, t, first,
                  [&](int i, Number<T> u) { *row_at(saved, shape.drives + i) = u.v; });
    *row_at(saved, shape.driven()) = T(1);
  }
}

}  // namespace tbrnn::cuda
