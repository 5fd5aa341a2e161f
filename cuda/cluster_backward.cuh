// Backpropagation through the time loop of cluster_forward.cuh; the equations are those of backward.cuh. It leaves behind what
// team_backward.cuh does. What the forward pass has saved is asked for two states ahead.
#pragma once

#include "cluster_forward.cuh"
#include "team_backward.cuh"

namespace tbrnn::cuda {

// Numbers that a lane keeps of its unit's trials.
enum BackwardNumber { lambda, next_out, next_slope };

// What the backward pass reads of a lane's unit: of state t, and of the step that made it, as asked for.
template <class Model, class T, class W>
struct AskedPast {
  using V = Number<T>;
  const Cluster<Model, T, W>& c;
  int t, group, i;
  __device__ V carrier() const { return at(0); }
  __device__ V slope() const { return V(c.memory.mine(group, next_slope).v[i]); }
  __device__ V apart() const { return at(1); }
  __device__ V state() const { return at(1 + c.options.apart()); }
  // Where the loss is on the units.
  __device__ V error() const { return at(ClusterMemory<T, W>::asked(c.options) - 1); }
  __device__ V new_slope() const {
    return tbrnn::slope(c.options.phi(), at(c.options.voltage() ? 1 : 0));
  }

  // For all trials of the lane.
  __device__ static void ask(const Cluster<Model, T, W>& c, int t, int group) {
    const Shape<T>& shape = c.shape;
    const TeamHistory<T>& history = c.history;
    int which = 0;
    const auto ask_for = [&](T* rows) {
      dev::copy_ahead(&c.at(rows, group), &c.memory.asked_at(t, group, which++));
    };
    ask_for(history.carrier(t));
    if (c.options.voltage()) ask_for(history.response(t - 1));
    if (c.options.apart()) ask_for(history.apart(t - 1));
    if (c.options.saves_state()) ask_for(history.state(t - 1));
    if (shape.readouts == 0) ask_for(history.adjoint(t - 1));
  }

 private:
  __device__ V at(int which) const { return V(c.memory.asked_at(t, group, which).v[i]); }
};

// In the whole warp: all but the last group of what it has asked for.
__device__ inline void receive_what_was_asked() {
  dev::copies_arrive_but<1>();
  dev::warp_barrier();
}

// What was saved of state t: in quads [group][channel] the overlaps, where they are needed, and the adjoints of the outputs; and the past of
// each unit.
template <class Model, class T, class W>
__device__ void ask_for_state(const Cluster<Model, T, W>& c, int t) {
  const Shape<T>& shape = c.shape;
  const TeamHistory<T>& history = c.history;
  const int channels = shape.channels();
  dev::warp_barrier();  // what was there has been read
  for (int group = 0; group < c.groups && t >= 0; ++group) {
    if (t > 0 && c.exists()) AskedPast<Model, T, W>::ask(c, t, group);
    for (int k = lane() + (has_channels<Model> ? 0 : shape.reductions); k < channels; k += 32) {
      const T* rows = k < shape.reductions ? history.overlap(t) : history.d_overlap(t);
      dev::copy_ahead(reinterpret_cast<const Quad<T>*>(rows_from(rows, k)) + c.first_group + group,
                      c.memory.ahead_at(t) + group * channels + k);
    }
  }
  dev::close_copies();
}

// The overlaps of state t of a trial, and behind them the adjoints of its outputs, as asked for.
template <class Model, class T, class W>
__device__ ChannelRows<T> asked_channels(const Cluster<Model, T, W>& c, int t, int trial) {
  return {c.memory.ahead_at(t)[trial / lane_units * c.shape.channels()].v + trial % lane_units,
          lane_units};
}

// What reaches the unit of state t as an output, sum_o P_no do_o or its own error; and the slope of phi.
template <class Model, class T, class W>
__device__ void prepare_adjoint(const Cluster<Model, T, W>& c, int t) {
  using V = Number<T>;
  const Shape<T>& shape = c.shape;
  const T* P = c.of_unit(shape.channels());
  for (int group = 0; group < c.groups && c.exists(); ++group) {
    V out[W::numbers];
    Own<T, W> outs, slopes;
    TBRNN_UNROLL
    for (int i = 0; i < W::numbers; ++i) {
      const AskedPast<Model, T, W> past{c, t, group, i};
      out[i] = shape.readouts ? V(T(0)) : past.error();
      slopes.v[i] = past.new_slope().v;
    }
    const T* asked = asked_channels(c, t, c.place(group)).at;
    for (int k = shape.reductions; k < shape.channels(); ++k) TBRNN_UNROLL
    for (int i = 0; i < W::numbers; ++i)
      out[i] = fma(V(P[k]), V(asked[k * lane_units + i]), out[i]);
    TBRNN_UNROLL
    for (int i = 0; i < W::numbers; ++i) outs.v[i] = out[i].v;
    c.memory.mine(group, next_out) = outs;
    c.memory.mine(group, next_slope) = slopes;
  }
}

// The adjoints of the overlaps of state t, of the cluster's trials, by one of its blocks; behind the last step there is nothing.
template <class Model, class T, class W>
__device__ void save_overlap_adjoints(const Cluster<Model, T, W>& c, int t, int steps) {
  if constexpr (!has_channels<Model>) return;
  const Shape<T>& shape = c.shape;
  const int trial = dev::thread(), last_rank = dev::cluster_size() - 1;  // of 1, 2, 4, 8 or 16
  if (dev::cluster_rank() != (t & last_rank) || trial >= c.trials()) return;
  const ChannelRows<T> dc{c.history.d_overlap(t) + c.first_group * lane_units + trial, tile_trials};
  if (t < steps)
    return Model::mix_adjoint(shape.ranks, asked_channels(c, t, trial),
                              sums_of(c.memory, steps - t - 1, trial), dc);
  for (int k = 0; k < shape.reductions; ++k) dc.set(k, Number<T>(T(0)));
}

// From W' e and ds of the step behind state t to e of the step that made it.
template <class Model, class T, class W>
__device__ Own<T, W> cluster_step_back(const Cluster<Model, T, W>& c, int t, int steps, int group,
                                       Number<T> (&g)[W::numbers]) {
  using V = Number<T>;
  const ClusterMemory<T, W>& memory = c.memory;
  const Own<T, W> out = memory.mine(group, next_out);
  Own<T, W> next = memory.mine(group, lambda), e;
  TBRNN_UNROLL
  for (int i = 0; i < W::numbers; ++i) {
    if constexpr (has_channels<Model>) {
      const T* P = c.of_unit(c.shape.channels());
      const int place = c.place(group) + i;
      const Mixed<T> c_t{asked_channels(c, t, place), P, &g[i]},
          ds{sums_of(memory, steps - t - 1, place), P, &g[i]};
      if (t < steps) Model::mix_adjoint(c.shape.ranks, c_t, ds, ds);
    }
    const UnitAdjoint<T> d(c.options, AskedPast<Model, T, W>{c, t, group, i}, c.unit, V(next.v[i]),
                           V(out.v[i]), g[i]);
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
  receive_what_was_asked();
  prepare_adjoint(c, steps);
  for (int t = steps; t > 0; --t) {  // the adjoint of state t, which step t - 1 made
    const int turn = steps - t;
    for (int group = 0; group < c.groups; ++group) {
      Number<T> g[W::numbers] = {};
      if (t < steps) multiply<Model>(weights, c.memory, turn - 1, group, drives, g);
      Own<T, W> e{};
      if (c.exists()) e = cluster_step_back(c, t, steps, group, g);
      c.send(turn, group, e);
      if (c.exists()) c.at(c.history.adjoint(t - 1), group) = e;
    }
    save_overlap_adjoints(c, t, steps);
    ask_for_state(c, t - 2);
    receive_what_was_asked();
    if (t > 1) prepare_adjoint(c, t - 1);
    c.receive(turn);
  }
  if constexpr (has_channels<Model>) {
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
  load_weights<Model>(c, Q, shape.drives, P, shape.channels());
  each_bunch(c, shown, tile, [&] {
    const ClusterMatrix<T, W> weights(shape, team.product.pulls, c.unit, c.memory,
                                      added<Model>(shape, P, Q));
    run_steps_back(c, weights, same_in_warp(shown.steps));
  });
}

}  // namespace tbrnn::cuda
