// The time loop of a tile in a team of blocks; the equations are those of forward.cuh.
#pragma once

#include "equations/leak.hpp"
#include "gated_team_forward.cuh"
#include "team_outputs.cuh"

namespace tbrnn::cuda {

// State x of unit n, its carrier, and what the readout reads, of state t.
template <class Model, class T>
__device__ void save_state(const Team<Model, T>& team, int t, int n, Number<T> x) {
  const Shape<T>& shape = team.shape;
  const Number<T> carrier = team.voltage() ? x : phi(shape.phi, x);
  *row_at(team.history.x, n) = x.v;
  *row_at(team.history.carrier(t), n) = carrier.v;
  if (t == 0) return;
  if (shape.apart) *row_at(team.history.apart(t - 1), n) = phi(shape.phi_out, x).v;
  if (shape.saves_state()) *row_at(team.history.state(t - 1), n) = x.v;
}

// The leak of unit n, where each has its own.
template <class T>
struct UnitLeak {
  Number<T> leak, alpha, cubic;
  __device__ UnitLeak(const Shape<T>& shape, int n)
      : leak(shape.leaks[n]),
        alpha(shape.leaks[shape.units + n]),
        cubic(shape.leaks[2 * shape.units + n]) {}
};

// Unit n from x to its next state without its noise; `sum` of all that drives it. save(response), voltage form
template <class T, class Options, class Save>
__device__ Number<T> step_of_unit(const Options& options, int n, Number<T> x, Number<T> sum,
                                  Save save) {
  using V = Number<T>;
  const Shape<T>& shape = options.shape;
  const bool voltage = options.voltage();
  if (voltage) {
    sum = phi(options.phi(), sum);
    save(sum);
  }
  if (options.own_leak()) {
    const UnitLeak<T> own(shape, n);
    return own_leak(x, sum, own.leak, own.alpha, own.cubic);
  }
  const V leak(shape.leak);
  return voltage ? leak_voltage(x, sum, leak, V(shape.alpha)) : leak_rate(x, sum, leak);
}

// The same from state t on; y from the product stage.
template <class Model, class T>
__device__ Number<T> team_step(const Team<Model, T>& team, int t, int n, Number<T> x, Number<T> y) {
  const Number<T> sum = add_drives(team, n, 0, y + Number<T>(team.packed.bias[n]));
  return step_of_unit(AnyUnits::Of<T>{team.shape}, n, x, sum, [&](Number<T> response) {
    *row_at(team.history.response(t), n) = response.v;
  });
}

template <class Model, class T>
__device__ void team_forward(const Team<Model, T>& team, int steps) {
  using V = Number<T>;
  const Shape<T>& shape = team.shape;
  const bool noisy = team.noise.sigma != T(0);
  team.own.each([&](int n) {
    save_state(team, 0, n, V(team.trial.initial ? team.trial.initial[n] : T(0)));
    *row_at(team.history.lambda, n) = T(0);
    if (shape.readouts == 0) *row_at(team.history.losses, n) = T(0);
  });
  for (int t = 0;; ++t) {  // state t, then the step to the next
    const unsigned arrival = team.workers.arrive();
    if (t < steps) team_inputs(team, t);
    team.workers.wait(arrival);  // the carriers of state t are saved
    team_overlaps(team, t);
    if (t == steps) break;
    if constexpr (has_late<Model>) team_gates(team, t);
    team_drives(team, t);
    const auto step = [&](int n, const V(&y)[Product<Model>::targets]) {
      V x(*row_at(team.history.x, n));
      if constexpr (has_gates(Model::recurrence))
        x = gated_team_step(team, t, n, x, y);
      else
        x = team_step(team, t, n, x, y[0]);
      if (noisy) {
        T z[lane_units];
        normals(team.noise, t, team.trial.number, n / lane_units * lane_units, z);
        x = with_noise(x, V(team.noise.sigma), V(z[n % lane_units]));
      }
      save_state(team, t + 1, n, x);
    };
    if (team.product.exists()) {
      team.product.drive(team.own, team.history.carrier(t), team.memory.partial, step);
    } else {
      const V none[Product<Model>::targets] = {};
      team.own.each([&](int n) { step(n, none); });
    }
  }
  team_outputs(team, steps);
}

}  // namespace tbrnn::cuda
