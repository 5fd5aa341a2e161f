// Backpropagation through the time loop of team_forward.cuh; the equations are those of backward.cuh. It leaves e of every step and dc of
// every state behind, from which team_gradient.cuh makes the gradient.
#pragma once

#include "gated_team_backward.cuh"
#include "losses.cuh"
#include "team_forward.cuh"

namespace tbrnn::cuda {

// The errors of step t, whose outputs are those of state t + 1.
template <class Model, class T>
struct TeamErrors {
  using V = Number<T>;
  const Team<Model, T>& team;
  int t;
  V twice;  // 2 / sum of the mask
  const Source<T>& trial = team.trial;
  int slot = lane();  // of the trial in its tile

  __device__ V target(int row) const {
    const int rows = whole_quads(team.shape.target_rows());
    return V(Source<T>::step(trial.targets, t, rows)[row]);
  }
  __device__ V weight(int row) const {
    return V(trial.weights_of(t, row - row % lane_units)[row % lane_units]);
  }

  // The adjoints of the readouts at rows `to`, and their loss; in one warp.
  __device__ V of_readouts(const T* outputs, T* to) const {
    V loss(T(0));
    const auto each = [&](auto visit) {
      for (int o = 0; o < team.shape.readouts; ++o) {
        V adjoint(T(0));
        visit(V(*row_at(outputs, o)), target(o), weight(o), adjoint);
        *row_at(to, o) = adjoint.v;
      }
    };
    add_errors<T, Endless<Model>, 32>(team.shape, twice, weight(0), false, each, loss);
    return loss;
  }

  // What the units have in common in the cross-entropy; each warp looks at all of them.
  __device__ CrossEntropy<T> common() const {
    if (team.shape.loss != Loss::cross_entropy || team.shape.readouts) return {};
    return common_of<T, 32>(team.shape.units, weight(0), twice, false, [&](auto visit) {
      V none;
      for (int n = 0; n < team.shape.units; ++n)
        visit(V(rows_from(team.out(t + 1), n)[slot]), target(n), none, none);
    });
  }

  // The adjoint of the output of unit n, where the loss is on the units; adds its loss.
  __device__ V of_unit(const CrossEntropy<T>& common, int n) const {
    if (team.shape.readouts) return V(T(0));
    const V o(rows_from(team.out(t + 1), n)[slot]);
    T& of_trial = rows_from(team.history.losses, n)[slot];
    V loss(of_trial), adjoint;
    if (team.shape.loss == Loss::cross_entropy)
      adjoint = common.add(o, target(n), loss);
    else
      adjoint = add_error(team.shape.loss, o, target(n), weight(n), twice, loss);
    of_trial = loss.v;
    return adjoint;
  }
};

// After the outputs: the adjoints of the readouts of each step, and its loss, in the warp that has made them.
template <class Model, class T>
__device__ void team_readout_errors(const Team<Model, T>& team, int steps, T twice) {
  const Shape<T>& shape = team.shape;
  if (shape.readouts == 0) return;
  for (int t = 1 + team.workers.warp(); t <= steps; t += team.workers.warps()) {
    const TeamErrors<Model, T> errors{team, t - 1, Number<T>(twice)};
    *row_at(team.history.losses, t - 1) =
        errors
            .of_readouts(rows_from(team.history.overlap(t), shape.reductions),
                         rows_from(team.history.d_overlap(t), shape.reductions))
            .v;
  }
}

// ds of step t in shared memory, from its e.
template <class Model, class T>
__device__ void drives_adjoint(const Team<Model, T>& team, int t) requires(!has_late<Model>) {
  const Shape<T>& shape = team.shape;
  each_channel(team.packed.drive, shape.driven(), shape.drives, team.history.adjoint(t),
               shape.units, team.memory.partial,
               [&](int k, Number<T> sum) { *row_at(team.memory.drives, k) = sum.v; });
}

// dc of the overlaps of state t in shared memory, from e of step t; the first block saves it.
template <class Model, class T>
__device__ void overlaps_adjoint(const Team<Model, T>& team, int t, int steps) {
  const Shape<T>& shape = team.shape;
  T *dc = team.memory.channels, *ds = team.memory.drives;
  if (t < steps) drives_adjoint(team, t);
  if (warp() == 0) {
    if (t < steps) {
      if constexpr (!has_late<Model>)
        Model::mix_adjoint(shape.ranks, RowValues<T>{row_at(team.history.overlap(t), 0)},
                           RowValues<T>{row_at(ds, 0)}, RowValues<T>{row_at(dc, 0)});
    } else {
      for (int k = 0; k < shape.reductions; ++k) *row_at(dc, k) = T(0);
    }
  }
  dev::block_barrier();
  if (team.workers.rank) return;
  for (int k = warp(); k < shape.reductions; k += warps)
    *row_at(team.history.d_overlap(t), k) = *row_at(dc, k);
}

// The adjoints of the outputs of state t > 0, to shared memory.
template <class Model, class T>
__device__ void load_output_adjoints(const Team<Model, T>& team, int t) {
  for (int k = team.shape.reductions + warp(); k < team.shape.channels(); k += warps)
    *row_at(team.memory.channels, k) = *row_at(team.history.d_overlap(t), k);
}

// What the forward pass has saved of unit n: of state t, and of the step that made it.
template <class T>
struct SavedPast {
  using V = Number<T>;
  const Shape<T>& shape;
  const TeamHistory<T>& history;
  int t, n;
  V of_phi = at(shape.form == Form::voltage ? history.response(t - 1) : history.carrier(t));

  __device__ V carrier() const { return at(history.carrier(t)); }
  __device__ V slope() const { return tbrnn::slope(shape.phi, of_phi); }
  __device__ V apart() const { return at(history.apart(t - 1)); }
  __device__ V state() const { return at(history.state(t - 1)); }
  __device__ V at(const T* rows) const { return V(*row_at(rows, n)); }
};

// Of unit n: lambda of a state, and e of the step that made it.
template <class T>
struct UnitAdjoint {
  Number<T> lambda, e;

  // From lambda of the next state, what reaches the state as an output, and g through the overlaps and the product stage
  template <class Options, class Past>
  __device__ UnitAdjoint(const Options& options, const Past& past, int n, Number<T> next,
                         Number<T> out, Number<T> g)
      : lambda(next) {
    using V = Number<T>;
    const Shape<T>& shape = options.shape;
    const bool voltage = options.voltage();
    const V leak(shape.leak);
    if (options.own_leak()) {
      const UnitLeak<T> own(shape, n);
      lambda = tbrnn::own_leak_adjoint(lambda, voltage ? past.carrier() : past.state(), own.leak,
                                       own.cubic);
    }
    if (voltage) {
      lambda = leak_voltage_adjoint(lambda, g + out, leak);
      e = preactivation_adjoint(lambda, past.slope(), V(shape.alpha));
    } else {
      lambda = leak_rate_adjoint(lambda, options.apart() ? g : g + out, past.slope(), leak);
      if (options.apart()) lambda = fma(slope(options.phi_out(), past.apart()), out, lambda);
      e = lambda;
    }
    if (options.own_leak()) e = UnitLeak<T>(shape, n).alpha * e;
  }
};

// From what reaches unit n of state t + 1, and lambda of state t + 2, to lambda and e of step t.
template <class Model, class T>
__device__ void unit_adjoint(const Team<Model, T>& team, int t, int n, Number<T> d_o,
                             Number<T> pull) {
  using V = Number<T>;
  const Shape<T>& shape = team.shape;
  const TeamHistory<T>& history = team.history;
  const SavedPast<T> past{shape, history, t + 1, n};
  const V next = past.at(history.lambda),
          out = add_channels(team, n, shape.reductions, shape.channels(), d_o),
          g = add_channels(team, n, 0, shape.reductions, pull);
  const UnitAdjoint<T> adjoint(AnyUnits::Of<T>{shape}, past, n, next, out, g);
  *row_at(history.lambda, n) = adjoint.lambda.v;
  *row_at(history.adjoint(t), n) = adjoint.e.v;
}

// After the outputs and their errors.
template <class Model, class T>
__device__ void team_backward(const Team<Model, T>& team, int steps, T twice) {
  using V = Number<T>;
  team.workers.barrier();  // the adjoints of the outputs are saved
  load_output_adjoints(team, steps);
  for (int t = steps; t > 0; --t) {  // the adjoint of state t, which step t - 1 made
    overlaps_adjoint(team, t, steps);
    const TeamErrors<Model, T> errors{team, t - 1, V(twice)};
    const CrossEntropy<T> common = errors.common();
    const auto step = [&](int n, const V(&g)[1]) {
      const V d_o = errors.of_unit(common, n);
      if constexpr (has_gates(Model::recurrence))
        gated_unit_adjoint(team, t - 1, n, d_o, g[0]);
      else
        unit_adjoint(team, t - 1, n, d_o, g[0]);
    };
    if (t < steps && team.product.exists()) {
      team.product.pull(team.own, team.history.carrier(t), team.history.adjoint(t),
                        team.memory.partial, step);
    } else {
      const V none[1] = {};
      team.own.each([&](int n) { step(n, none); });
    }
    if constexpr (has_late<Model>) resets_adjoint(team, t - 1);
    const unsigned arrival = team.workers.arrive();
    if (t > 1) load_output_adjoints(team, t - 1);
    team.workers.wait(arrival);  // e of the step is saved
  }
  overlaps_adjoint(team, 0, steps);
  team.workers.barrier();  // dc is saved
}

// The losses of the units alone, in the order of the backward pass, so that the sum has the same bits.
template <class Model, class T>
__device__ void team_unit_losses(const Team<Model, T>& team, int steps) {
  if (team.shape.readouts) return;
  for (int t = steps; t > 0; --t) {
    const TeamErrors<Model, T> errors{team, t - 1, Number<T>(T(0))};
    const CrossEntropy<T> common = errors.common();
    team.own.each([&](int n) { errors.of_unit(common, n); });
  }
}

}  // namespace tbrnn::cuda
