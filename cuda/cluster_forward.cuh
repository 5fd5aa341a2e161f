// The time loop of the trials of a cluster; the equations are those of forward.cuh. While what it has sent is on its way, each lane makes
// the noise of its unit's next step. Nothing waits for global memory: what the inputs drive is made before the loop and asked for a step
// ahead.
#pragma once

#include <new>

#include "cluster_channels.cuh"

namespace tbrnn::cuda {

// Numbers that a lane keeps of its unit's trials.
enum ForwardNumber { state, next_noise };

// What drives the lane's unit in step t, asked for in a group; `drives`: its own.
template <class Model, class T, class W>
__device__ void ask_for_drives(const Cluster<Model, T, W>& c, int t, int steps, T* drives) {
  TBRNN_UNROLL_TIMES(1)
  for (int group = 0; t < steps && group < c.groups; ++group)
    if (c.exists(group))
      dev::copy_ahead(&c.of_group(drives, group), &c.memory.asked_at(t, group, 0));
  dev::close_copies();
}

// What a lane knows of its unit before step t: x, b_n + sum_i Q_ni u_i and sigma xi.
template <class T, class W>
struct BeforeStep {
  const Own<T, W> x, drive, noise;
  __device__ BeforeStep(const ClusterMemory<T, W>& memory, int t, int group)
      : x(memory.mine(group, state)),
        drive(memory.asked_at(t, group, 0)),
        noise(memory.mine(group, next_noise)) {}
};

// The noise of step t; without it 0 stays.
template <class Model, class T, class W>
__device__ void prepare_noise(const Cluster<Model, T, W>& c, int t) {
  if (c.noise.sigma == T(0)) return;
  TBRNN_UNROLL_TIMES(1)
  for (int group = 0; group < c.groups; ++group)
    for (int i = 0; c.exists(group) && i < W::numbers; ++i)
      c.memory.mine(group, next_noise).v[i] =
          c.noise.sigma * normal(c.noise, t, c.memory.trials[c.place(group) + i].number, c.unit);
}

// State t of the lane's unit and its carrier: to the blocks of the cluster, and to the history, where `carriers` are its own.
template <class Model, class T, class W>
__device__ void reach(const Cluster<Model, T, W>& c, int t, int group, const Own<T, W>& x,
                      const Own<T, W>& r, T* carriers) {
  const TeamHistory<T>& history = c.history;
  c.send(t, group, r);
  c.memory.mine(group, state) = x;
  if (!c.exists(group)) return;
  c.of_group(carriers, group) = r;
  if (t && c.options.apart())
    for (int i = 0; i < W::numbers; ++i)
      c.at(history.apart(t - 1), group).v[i] = phi(c.options.phi_out(), Number<T>(x.v[i])).v;
  if (t && c.options.saves_state()) c.at(history.state(t - 1), group) = x;
}

// phi of a lane's numbers. Where the compiler knows it, the chains overlap.
template <class Phi, class T, int count>
__device__ void phi_of_all(const Phi& a, Number<T> (&x)[count]) {
  TBRNN_UNROLL
  for (int i = 0; i < count; ++i) x[i] = phi(a, x[i]);
}

// From W r to the next state and its carrier.
template <class Model, class T, class W>
__device__ void cluster_step(const Cluster<Model, T, W>& c, int t, int group,
                             const BeforeStep<T, W>& before, Number<T> (&sum)[W::numbers],
                             Own<T, W>& x, Own<T, W>& r) {
  using V = Number<T>;
  V next[W::numbers];
  TBRNN_UNROLL
  for (int i = 0; i < W::numbers; ++i) {
    sum[i] = sum[i] + V(before.drive.v[i]);
    if constexpr (has_channels<Model>) {
      const T* Q = c.of_unit(c.shape.drives);
      const Mixed<T> channels{sums_of(c.memory, t, c.place(group) + i), Q, &sum[i]};
      Model::mix(c.shape.ranks, channels, channels);
    }
    const V reached = step_of_unit(c.options, c.unit, V(before.x.v[i]), sum[i], [&](V response) {
      c.at(c.history.response(t), group).v[i] = response.v;
    });
    next[i] = reached + V(before.noise.v[i]);
    x.v[i] = next[i].v;
  }
  if (!c.options.voltage()) phi_of_all(c.options.phi(), next);
  TBRNN_UNROLL
  for (int i = 0; i < W::numbers; ++i) r.v[i] = next[i].v;
}

// Overlaps of state t of the cluster's trials, each by one of its blocks.
template <class Model, class T, class W>
__device__ void save_overlaps(const Cluster<Model, T, W>& c, int t) {
  if constexpr (!has_channels<Model>) return;
  const int trial = dev::thread();
  if (trial >= c.trials()) return;
  T* saved = c.history.overlap(t) + c.first_trial() + trial;
  for (int k = dev::cluster_rank(); k < c.shape.reductions; k += c.blocks)
    *rows_from(saved, k) = sums_of(c.memory, t, trial).get(k).v;
}

// The first state.
template <class Model, class T, class W>
__device__ void begin(const Cluster<Model, T, W>& c, int group) {
  using V = Number<T>;
  const Shape<T>& shape = c.shape;
  V x[W::numbers];
  Own<T, W> first, carrier;
  TBRNN_UNROLL
  for (int i = 0; i < W::numbers; ++i) {
    const T* initial = c.exists(group) ? c.memory.trials[c.place(group) + i].initial : nullptr;
    x[i] = V(initial ? initial[c.unit] : T(0));
    first.v[i] = x[i].v;
  }
  if (!c.options.voltage()) phi_of_all(c.options.phi(), x);
  TBRNN_UNROLL
  for (int i = 0; i < W::numbers; ++i) carrier.v[i] = c.exists(group) ? x[i].v : T(0);
  reach(c, 0, group, first, carrier, c.own(c.history.carrier(0)));
  c.memory.mine(group, next_noise) = {};
  if (shape.readouts == 0 && c.exists(group)) c.at(c.history.losses, group) = {};
}

// Of the trials that the cluster works on at a time.
template <class Model, class T, class W>
__device__ TBRNN_INLINED void run_steps(const Cluster<Model, T, W>& c,
                                        const ClusterMatrix<T, W>& weights, int steps) {
  T* carriers = c.own(c.history.carrier(1));  // of state t + 1
  ask_for_drives(c, 0, steps, carriers);
  for (int group = 0; group < c.groups; ++group) begin(c, group);
  for (int t = 0;; ++t, carriers += c.step) {  // state t, then the step to the next
    if (t > 0) save_overlaps(c, t - 1);
    ask_for_drives(c, t + 1, steps, carriers + c.step);
    if (t < steps) prepare_noise(c, t);
    dev::copies_arrive_but<1>();
    c.receive(t);
    if (t == steps) break;
    TBRNN_UNROLL_TIMES(1)
    for (int group = 0; group < c.groups; ++group) {
      const BeforeStep<T, W> before(c.memory, t, group);
      Own<T, W> x{}, r{};
      Number<T> sum[W::numbers];
      multiply<Model>(weights, c.memory, t, group, c.shape.reductions, sum);
      if (c.exists(group)) cluster_step(c, t, group, before, sum, x, r);
      reach(c, t + 1, group, x, r, carriers);
    }
    c.expect(t + 2);
  }
}

// work() for the trials of a tile that are this cluster's, some groups at a time
template <class Model, class T, class W, class Work>
__device__ TBRNN_INLINED void each_bunch(Cluster<Model, T, W>& c, const Shown<T>& shown, int tile,
                                         Work work) {
  const int clusters = clusters_of(c.team), most = W::most_groups,
            rank = same_in_warp(c.team.workers.rank / c.blocks),
            end = same_in_warp(W::groups * (rank + 1) / clusters);
  for (c.first_group = same_in_warp(W::groups * rank / clusters); c.first_group < end;
       c.first_group += most) {
    c.groups = end - c.first_group < most ? end - c.first_group : most;
    const int trial = dev::thread();
    if (trial < c.trials())
      new (c.memory.trials + trial)
          Source<T>(shown.source(c.shape, tile * tile_trials + c.first_trial() + trial));
    c.begin_turns();
    work();
    c.end_turns();
  }
}

template <class Model, class T, class W>
__device__ TBRNN_INLINED void cluster_forward(const Team<Model, T>& team, const Shown<T>& shown,
                                              int tile) {
  Cluster<Model, T, W> c(team);
  const Shape<T>& shape = team.shape;
  const Packed<T>& packed = team.packed;
  const UnitRows<T> P{packed.gather, shape.channels()}, Q{packed.drive, shape.driven()};
  load_weights<Model>(c, P, shape.reductions, Q, shape.drives);
  each_bunch(c, shown, tile, [&] {
    const ClusterMatrix<T, W> weights(shape, team.product.weights, c.unit, c.memory,
                                      added<Model>(shape, Q, P));
    run_steps(c, weights, same_in_warp(shown.steps));
  });
}

}  // namespace tbrnn::cuda
