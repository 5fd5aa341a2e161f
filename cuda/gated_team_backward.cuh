// Backpropagation through the steps of gated_team_forward.cuh; the equations are those of gated_backward.cuh.
#pragma once

#include "contraction.cuh"
#include "gated_team_forward.cuh"

namespace tbrnn::cuda {

// From what reaches unit n of state t + 1, and lambda of state t + 2, to lambda and to e of step t, but of a reset gate.
template <class Model, class T>
__device__ void gated_unit_adjoint(const Team<Model, T>& team, int t, int n, Number<T> d_o,
                                   Number<T> pull) {
  using V = Number<T>;
  const Shape<T>& shape = team.shape;
  const TeamHistory<T>& history = team.history;
  const auto at = [&](const T* rows) { return V(*row_at(rows, n)); };
  const V sum = add_channels(team, n, 0, shape.channels(), at(history.lambda) + d_o + pull),
          g = at(history.response(t, Model::candidate));
  const auto d = Model::step_adjoint(at(history.carrier(t)), at(history.response(t, Model::update)),
                                     g, V(T(0.5) * shape.alpha), slope(shape.phi, g), sum);
  *row_at(history.lambda, n) = d.x.v;
  *row_at(history.adjoint(t, Model::update), n) = d.update.v;
  *row_at(history.adjoint(t, Model::candidate), n) = d.candidate.v;
}

// use(k, sum_n Q_nk e_n) of pre-activation p of low-rank units and step t
template <class Model, class T, class Use>
__device__ void pull_of(const Team<Model, T>& team, int t, int p, Use use) {
  const Shape<T>& shape = team.shape;
  each_channel(drive_weights(team, 0, p), shape.preactivations * shape.driven(), shape.drives,
               team.history.adjoint(t, p), shape.units, team.memory.partial, use);
}

// From the candidates of step t through y to the reset gates and to state t; the first block saves the adjoints of y's overlaps.
template <class Model, class T>
__device__ void resets_adjoint(const Team<Model, T>& team, int t) {
  using V = Number<T>;
  const Shape<T>& shape = team.shape;
  const TeamHistory<T>& history = team.history;
  T* saved = team.workers.rank == 0 ? GatedHistory<T>(team).d_late(t) : nullptr;
  team.workers.barrier();  // e of the candidates is saved
  pull_of(team, t, Model::candidate, [&](int k, V d_late) {
    *row_at(team.memory.drives, k) = d_late.v;
    if (saved) *row_at(saved, k) = d_late.v;
  });
  team.own.each([&](int n) {
    const V x(*row_at(history.carrier(t), n)), q(*row_at(history.response(t, Model::reset), n)),
        d_y = add_rows(team.packed.late + n * shape.late, team.memory.drives, shape.late, V(T(0)));
    const auto d = Model::gated_adjoint(x, q, d_y);
    T& lambda = *row_at(history.lambda, n);
    lambda = (V(lambda) + d.x).v;
    *row_at(history.adjoint(t, Model::reset), n) = d.reset.v;
  });
}

// From e of the gates of step t to dc of their overlaps in shared memory, with no mix between.
template <class Model, class T>
__device__ void drives_adjoint(const Team<Model, T>& team, int t) requires has_late<Model> {
  for (int p = 0; p < Model::candidate; ++p)
    pull_of(team, t, p, [&](int k, Number<T> dc) {
      *row_at(team.memory.channels, p * team.shape.drives + k) = dc.v;
    });
}

// What low-rank gated units add to the gradient: dL = sum y d_late, and dQ and db of the gates, whose overlaps lie apart from the inputs.
template <class Model, class T, class Put>
__device__ void gates_gradient(const Team<Model, T>& team, int steps, Contraction<T>& over_time,
                               const Packed<T>& d, Put put) {
  const Shape<T>& shape = team.shape;
  const TeamHistory<T>& history = team.history;
  const int units = shape.units, driven = shape.driven(), drives = shape.drives;
  const GatedHistory<T> gated(team);
  over_time.few(steps, {gated.d_late(0), gated.of_step(), shape.late},
                {gated.y(0), gated.of_step(), units},
                [&](int k, int n, T sum) { put(d.late + n * shape.late + k, sum); });
  for (int p = 0; p < Model::candidate; ++p) {
    const RowsOverTime<T> e{history.adjoint(0, p), shape.preactivations * units, units};
    const auto to_drive = [&](int first) {
      return [&, first](int k, int n, T sum) {
        const int row = n * shape.preactivations + p, column = first + k;
        put(column < driven ? d.drive + row * driven + column : d.bias + row, sum);
      };
    };
    over_time.few(steps, {rows_from(history.overlaps, p * drives), history.channels, drives}, e,
                  to_drive(0));
    over_time.few(steps,
                  {rows_from(history.drives, drives), driven + 1, shape.inputs + 1},  // and 1
                  e, to_drive(drives));
  }
}

}  // namespace tbrnn::cuda
