// What a team of blocks does with the channels of a step: rows [32] in shared memory, however many there are. Each block sums the overlaps
// over all units for itself, which costs as much as a few more units, and spares a second barrier of the team for each step.
#pragma once

#include "normals.cuh"
#include "team_product.cuh"

namespace tbrnn::cuda {

// Rows [channel][32] as a model's mix reads and writes them, at the trial of the lane.
template <class T>
struct RowValues {
  T* at;
  TBRNN_FN Number<T> get(int k) const { return Number<T>(at[k * tile_trials]); }
  TBRNN_FN void set(int k, Number<T> value) const { at[k * tile_trials] = value.v; }
};

// What the threads of a team need at every step.
template <class Model, class T>
struct Team {
  const Shape<T>& shape;
  const Noise<T>& noise;
  const Source<T>& trial;  // of the lane
  const Workers& workers;
  const TeamHistory<T>& history;
  const Packed<T>& packed;
  TeamMemory<T> memory;
  TeamProduct<Model, T> product;
  OwnUnits own;

  __device__ Team(const Shape<T>& s, const Noise<T>& n, const Source<T>& of_lane,
                  const Workers& team, const TeamScratch<T>& scratch)
      : shape(s),
        noise(n),
        trial(of_lane),
        workers(team),
        history(scratch.history),
        packed(scratch.packed),
        memory(s, partial_rows<Model, T>),
        product(s, scratch.packed),
        own(s.units, team) {}

  __device__ bool voltage() const { return shape.form == Form::voltage; }
  // What the readout or the loss on the units reads of state t > 0.
  __device__ const T* out(int t) const {
    return shape.apart ? history.apart(t - 1) : history.carrier(t);
  }
};

// Overlaps of state t in every block; the first one saves them.
template <class Model, class T>
__device__ void team_overlaps(const Team<Model, T>& team, int t) {
  const Shape<T>& shape = team.shape;
  T* saved = team.workers.rank == 0 ? team.history.overlap(t) : nullptr;
  each_channel(team.packed.gather, shape.channels(), shape.reductions, team.history.carrier(t),
               shape.units, team.memory.partial, [&](int k, Number<T> c) {
                 *row_at(team.memory.channels, k) = c.v;
                 if (saved) *row_at(saved, k) = c.v;
               });
}

// Those of step t of a trial, and what fills up the last quad.
template <class T>
__device__ const T* inputs_of(const Shape<T>& shape, const Source<T>& trial, int t) {
  return Source<T>::step(trial.inputs, t, whole_quads(shape.inputs));
}

// use(i, u) for the inputs first ... first + 3 of step t of a trial, of those that are given
template <class T, class Use>
__device__ void four_inputs(const Shape<T>& shape, const Noise<T>& noise, std::uint32_t trial,
                            int t, int first, const T* given, Use use) {
  using V = Number<T>;
  const bool noisy = shape.noisy_inputs && noise.input_sigma != T(0);
  T z[lane_units] = {};
  if (noisy) normals(noise, t, trial, first, z, Purpose::input_noise);
  const Quad<T> of_step = quad_at(given + first);
  TBRNN_UNROLL
  for (int i = 0; i < lane_units; ++i) {
    V u(of_step.v[i]);
    if (noisy) u = with_noise(u, V(noise.input_sigma), V(z[i]));
    if (noisy && shape.rectified_inputs) u = rectified(u);
    if (first + i < shape.inputs) use(first + i, u);
  }
}

// The inputs of step t, four of them in each warp, at row `drives` of s.
template <class Model, class T>
__device__ void team_inputs(const Team<Model, T>& team, int t) {
  const Shape<T>& shape = team.shape;
  for (int first = warp() * lane_units; first < shape.inputs; first += warps * lane_units)
    four_inputs(shape, team.noise, team.trial.number, t, first, inputs_of(shape, team.trial, t),
                [&](int i, Number<T> u) { *row_at(team.memory.drives, shape.drives + i) = u.v; });
}

// s of step t = mix(c), before the inputs; of low-rank gated units the candidate's, which is there.
template <class Model, class T>
__device__ void team_drives(const Team<Model, T>& team, int t) {
  const Shape<T>& shape = team.shape;
  if constexpr (!has_late<Model>)
    if (warp() == 0)
      Model::mix(shape.ranks, RowValues<T>{row_at(team.memory.channels, 0)},
                 RowValues<T>{row_at(team.memory.drives, 0)});
  dev::block_barrier();
  if (team.workers.rank) return;
  T* saved = team.history.drive(t);
  for (int k = warp(); k <= shape.driven(); k += warps)
    *row_at(saved, k) = k < shape.driven() ? *row_at(team.memory.drives, k) : T(1);
}

// start + sum_k w_k rows_k of `count` rows in shared memory. Four weights are asked for at a time, which no barrier leaves in the L1 cache.
template <class T>
__device__ Number<T> add_rows(const T* w, const T* rows, int count, Number<T> start) {
  for (int first = 0; first < count; first += lane_units) {
    Number<T> four[lane_units];
    TBRNN_UNROLL
    for (int i = 0; i < lane_units; ++i)
      four[i] = Number<T>(w[first + i < count ? first + i : first]);
    TBRNN_UNROLL
    for (int i = 0; i < lane_units; ++i)
      if (first + i < count) start = fma(four[i], Number<T>(*row_at(rows, first + i)), start);
  }
  return start;
}

// Q_n of pre-activation p
template <class Model, class T>
__device__ const T* drive_weights(const Team<Model, T>& team, int n, int p) {
  return team.packed.drive + static_cast<std::size_t>(n * team.shape.preactivations + p) *
                                 static_cast<std::size_t>(team.shape.driven());
}

// start + sum_c Q_nc s_c, of pre-activation p
template <class Model, class T>
__device__ Number<T> add_drives(const Team<Model, T>& team, int n, int p, Number<T> start) {
  return add_rows(drive_weights(team, n, p), team.memory.drives, team.shape.driven(), start);
}

// start + sum_k P_nk dc_k over the channels first ... end - 1
template <class Model, class T>
__device__ Number<T> add_channels(const Team<Model, T>& team, int n, int first, int end,
                                  Number<T> start) {
  const T* P = team.packed.gather +
               static_cast<std::size_t>(n) * static_cast<std::size_t>(team.shape.channels());
  return add_rows(P + first, rows_from(team.memory.channels, first), end - first, start);
}

}  // namespace tbrnn::cuda
