// Backpropagation through the time loop of cluster_forward.cuh; the equations are those of backward.cuh. It leaves behind what
// team_backward.cuh does. What the forward pass has saved is asked for two states ahead, and so is what reaches the units as outputs, which
// is made before the loop.
#pragma once

#include "cluster_forward.cuh"
#include "team_backward.cuh"

namespace tbrnn::cuda {

// The number that a lane keeps of its unit's trials.
enum BackwardNumber { lambda };

// What the backward pass reads of a lane's unit: of state t, and of the step that made it, as asked for.
template <class Model, class T, class W>
struct AskedPast {
  using V = Number<T>;
  const Cluster<Model, T, W>& c;
  int t, group, i;
  __device__ V carrier() const { return at(0); }
  __device__ V slope() const {
    return tbrnn::slope(c.options.phi(), at(c.options.voltage() ? 1 : 0));
  }
  __device__ V apart() const { return at(1); }
  __device__ V state() const { return at(1 + c.options.apart()); }
  __device__ V out() const { return at(ClusterMemory<T, W>::asked(c.options) - 1); }

  // For all trials of the lane.
  __device__ static void ask(const Cluster<Model, T, W>& c, int t, int group) {
    const TeamHistory<T>& history = c.history;
    int which = 0;
    const auto ask_for = [&](T* rows) {
      dev::copy_ahead(&c.at(rows, group), &c.memory.asked_at(t, group, which++));
    };
    ask_for(history.carrier(t));
    if (c.options.voltage()) ask_for(history.response(t - 1));
    if (c.options.apart()) ask_for(history.apart(t - 1));
    if (c.options.saves_state()) ask_for(history.state(t - 1));
    ask_for(history.adjoint(t - 1));  // where what reaches the unit as an output is, before e
  }

 private:
  __device__ V at(int which) const { return V(c.memory.asked_at(t, group, which).v[i]); }
};

// In quads [group][channel], the overlaps of state t, which a mix needs.
template <class Model, class T, class W>
__device__ void ask_for_overlaps(const Cluster<Model, T, W>& c, int t, int group) {
  const int count = c.shape.reductions;
  for (int k = lane(); k < count; k += 32) {
    const T* overlaps =
        rows_from(c.history.overlap(t), k) + c.first_trial() + group * W::group_trials;
    Quad<T>* to = c.memory.ahead_at(t) + group * count + k;
    if constexpr (W::group_trials == lane_units)
      dev::copy_ahead(reinterpret_cast<const Quad<T>*>(overlaps), to);
    else
      for (int q = 0; q < W::group_trials && group * W::group_trials + q < c.trials(); ++q)
        dev::copy_ahead(overlaps + q, to->v + q);
  }
}

// What was saved of state t, in the whole warp.
template <class Model, class T, class W>
__device__ void ask_for_state(const Cluster<Model, T, W>& c, int t) {
  if constexpr (has_channels<Model>) dev::warp_barrier();  // what was there has been read
  TBRNN_UNROLL_TIMES(1)
  for (int group = 0; group < c.groups && t >= 0; ++group) {
    if (t > 0 && c.exists(group)) AskedPast<Model, T, W>::ask(c, t, group);
    if constexpr (has_channels<Model>) ask_for_overlaps(c, t, group);
  }
  dev::close_copies();
}
// All but what was asked for last.
template <class Model>
__device__ void receive_what_was_asked() {
  dev::copies_arrive_but<1>();
  if constexpr (has_channels<Model>) dev::warp_barrier();
}

// The overlaps of state t of a trial, as asked for.
template <class Model, class T, class W>
__device__ ChannelRows<T> asked_overlaps(const Cluster<Model, T, W>& c, int t, int trial) {
  constexpr int of_group = W::group_trials;
  return {c.memory.ahead_at(t)[trial / of_group * c.shape.reductions].v + trial % of_group,
          lane_units};
}

// The adjoints of the overlaps of state t, of the cluster's trials, by one of its blocks; behind the last step there is nothing.
template <class Model, class T, class W>
__device__ void save_overlap_adjoints(const Cluster<Model, T, W>& c, int t, int steps) {
  if constexpr (!has_channels<Model>) return;
  const Shape<T>& shape = c.shape;
  const int trial = dev::thread(), last_rank = c.blocks - 1;  // of 1, 2, 4, 8 or 16
  if (dev::cluster_rank() != (t & last_rank) || trial >= c.trials()) return;
  const ChannelRows<T> dc{c.history.d_overlap(t) + c.first_trial() + trial, tile_trials};
  if (t < steps)
    return Model::mix_adjoint(shape.ranks, asked_overlaps(c, t, trial),
                              sums_of(c.memory, steps - t - 1, trial), dc);
  for (int k = 0; k < shape.reductions; ++k) dc.set(k, Number<T>(T(0)));
}

// From W' e and ds of the step behind state t to e of the step that made it.
template <class Model, class T, class W>
__device__ Own<T, W> cluster_step_back(const Cluster<Model, T, W>& c, int t, int steps, int group,
                                       Number<T> (&g)[W::numbers]) {
  using V = Number<T>;
  const ClusterMemory<T, W>& memory = c.memory;
  Own<T, W> next = memory.mine(group, lambda), e;
  TBRNN_UNROLL
  for (int i = 0; i < W::numbers; ++i) {
    if constexpr (has_channels<Model>) {
      const T* P = c.of_unit(c.shape.reductions);
      const int place = c.place(group) + i;
      const Mixed<T> c_t{asked_overlaps(c, t, place), P, &g[i]},
          ds{sums_of(memory, steps - t - 1, place), P, &g[i]};
      if (t < steps) Model::mix_adjoint(c.shape.ranks, c_t, ds, ds);
    }
    const AskedPast<Model, T, W> past{c, t, group, i};
    const UnitAdjoint<T> d(c.options, past, c.unit, V(next.v[i]), past.out(), g[i]);
    next.v[i] = d.lambda.v;
    e.v[i] = d.e.v;
  }
  memory.mine(group, lambda) = next;
  return e;
}

// Of the trials that the cluster works on at a time. The turn of step t - 1 is steps - t.
template <class Model, class T, class W>
__device__ TBRNN_INLINED void run_steps_back(const Cluster<Model, T, W>& c,
                                             const ClusterMatrix<T, W>& weights, int steps) {
  const int drives = c.shape.drives;
  for (int group = 0; group < c.groups; ++group) c.memory.mine(group, lambda) = {};
  ask_for_state(c, steps);
  ask_for_state(c, steps - 1);
  receive_what_was_asked<Model>();
  T* adjoints = c.own(c.history.adjoint(steps - 1));
  for (int t = steps; t > 0; --t, adjoints -= c.step) {  // of state t, which step t - 1 made
    const int turn = steps - t;
    TBRNN_UNROLL_TIMES(1)
    for (int group = 0; group < c.groups; ++group) {
      Number<T> g[W::numbers] = {};
      if (t < steps) multiply<Model>(weights, c.memory, turn - 1, group, drives, g);
      Own<T, W> e{};
      if (c.exists(group)) e = cluster_step_back(c, t, steps, group, g);
      c.send(turn, group, e);
      if (c.exists(group)) c.of_group(adjoints, group) = e;
    }
    if (turn > 0) c.expect(turn + 1);
    save_overlap_adjoints(c, t, steps);
    ask_for_state(c, t - 2);
    receive_what_was_asked<Model>();
    c.receive(turn);
  }
  if constexpr (has_channels<Model>) {
    TBRNN_UNROLL_TIMES(1)
    for (int group = 0; group < c.groups; ++group)
      sum_channels(c.memory, steps - 1, group, 0, drives);
    dev::block_barrier();
    save_overlap_adjoints(c, 0, steps);
  }
}

template <class Model, class T, class W>
__device__ TBRNN_INLINED void cluster_backward(const Team<Model, T>& team, const Shown<T>& shown,
                                               int tile) {
  const Shape<T>& shape = team.shape;
  const Packed<T>& packed = team.packed;
  Cluster<Model, T, W> c(team);
  const UnitRows<T> P{packed.gather, shape.channels()}, Q{packed.drive, shape.driven()};
  load_weights<Model>(c, Q, shape.drives, P, shape.reductions);
  each_bunch(c, shown, tile, [&] {
    const ClusterMatrix<T, W> weights(shape, team.product.pulls, c.unit, c.memory,
                                      added<Model>(shape, P, Q));
    run_steps_back(c, weights, same_in_warp(shown.steps));
  });
}

}  // namespace tbrnn::cuda
