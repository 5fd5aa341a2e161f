// One step of gated units in a team of blocks; the equations are those of gated_forward.cuh. Where the units are of low rank, the candidate
// waits for overlaps of the gated states of all of them: a second barrier of the team in each step.
#pragma once

#include "team_channels.cuh"

namespace tbrnn::cuda {

// A unit of full rank from state t on: y of each pre-activation from the product stage.
template <class Model, class T>
__device__ Number<T> gated_team_step(
    const Team<Model, T>& team, int t, int n, Number<T> x,
    const Number<T> (&y)[Product<Model>::targets]) requires(!has_late<Model>) {
  using V = Number<T>;
  constexpr int targets = Product<Model>::targets;
  const Shape<T>& shape = team.shape;
  V v[targets];
  TBRNN_UNROLL
  for (int p = 0; p < targets; ++p) {
    v[p] = add_drives(team, n, p, y[p] + V(team.packed.bias[n * targets + p]));
    v[p] = p == Model::candidate ? phi(shape.phi, v[p]) : phi(Nonlinearity::tanh, v[p]);
    *row_at(team.history.response(t, p), n) = v[p].v;
  }
  return Model::step(x, v[Model::update], v[Model::candidate], V(T(0.5) * shape.alpha));
}

// What low-rank gated units save besides, in the place of squares, which they have not: of each step the gated states y [unit], and the
// adjoints of their overlaps [late].
template <class T>
struct GatedHistory {
  T* at;
  int units, late;

  template <class Model>
  __device__ explicit GatedHistory(const Team<Model, T>& team)
      : at(team.history.squares), units(team.shape.units), late(team.shape.late) {}
  __device__ int of_step() const { return units + late; }
  __device__ T* y(int t) const { return at + TeamHistory<T>::rows(t, of_step()); }
  __device__ T* d_late(int t) const { return rows_from(y(t), units); }
};

// The bias and the inputs of pre-activation p of a unit of low rank, and what its overlaps c drive.
template <class Model, class T>
__device__ Number<T> preactivation(const Team<Model, T>& team, int n, int p, const T* c) {
  const Shape<T>& shape = team.shape;
  const T* Q = drive_weights(team, n, p);
  const Number<T> sum =
      add_rows(Q, c, shape.drives, Number<T>(team.packed.bias[n * shape.preactivations + p]));
  return add_rows(Q + shape.drives, rows_from(team.memory.drives, shape.drives), shape.inputs, sum);
}

// The gates of step t, then the overlaps of the gated states y, which drive the candidates.
template <class Model, class T>
__device__ void team_gates(const Team<Model, T>& team, int t) {
  const Shape<T>& shape = team.shape;
  const TeamHistory<T>& history = team.history;
  T* y = GatedHistory<T>(team).y(t);
  team.own.each([&](int n) {
    TBRNN_UNROLL
    for (int p = 0; p < Model::candidate; ++p) {
      const T* c = rows_from(team.memory.channels, p * shape.drives);
      const Number<T> q = phi(Nonlinearity::tanh, preactivation(team, n, p, c));
      *row_at(history.response(t, p), n) = q.v;
      if (p == Model::reset) *row_at(y, n) = Model::gated(Number<T>(*row_at(history.x, n)), q).v;
    }
  });
  team.workers.barrier();  // y is saved
  each_channel(team.packed.late, shape.late, shape.late, y, shape.units, team.memory.partial,
               [&](int k, Number<T> late) { *row_at(team.memory.drives, k) = late.v; });
}

// A unit of low rank from state t on, after its gates.
template <class Model, class T>
__device__ Number<T> gated_team_step(
    const Team<Model, T>& team, int t, int n, Number<T> x,
    const Number<T> (&)[Product<Model>::targets]) requires has_late<Model> {
  using V = Number<T>;
  const Shape<T>& shape = team.shape;
  const V z(*row_at(team.history.response(t, Model::update), n)),
      g = phi(shape.phi, preactivation(team, n, Model::candidate, team.memory.drives));
  *row_at(team.history.response(t, Model::candidate), n) = g.v;
  return Model::step(x, z, g, V(T(0.5) * shape.alpha));
}

}  // namespace tbrnn::cuda
