// The time loop of a tile in a team of blocks; the equations are those of forward.cuh. Each block sums the overlaps over all units for
// itself, which costs as much as a few more units, and spares a second barrier of the team for each step. The outputs, which no step
// needs, follow behind the last one.
#pragma once

#include "equations/leak.hpp"
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

// The sums over the units of rows [32] with four weights P [unit][stride] of each. A quarter of the warp has every fourth row.
template <class T>
struct OutputSums {
  using V = Number<T>;
  static constexpr int ahead = 8, quarters = 32 / (tile_trials / lane_units);
  V sum[lane_units][lane_units];  // [output][trial]

  __device__ static int quarter() { return lane() / (32 / quarters); }
  __device__ static int first_trial() { return lane() % (32 / quarters) * lane_units; }

  // `count` outputs; those behind them are read as the first
  __device__ OutputSums(const T* P, int stride, int count, const T* rows, int units) {
    TBRNN_UNROLL
    for (int o = 0; o < lane_units; ++o) TBRNN_UNROLL
    for (int q = 0; q < lane_units; ++q) sum[o][q] = V(T(0));
    for (int first = 0; first < units; first += quarters * ahead) {
      Quad<T> r[ahead];
      T w[ahead][lane_units];
      TBRNN_UNROLL
      for (int i = 0; i < ahead; ++i) {
        const int n = first + i * quarters + quarter(), there = n < units ? n : 0;
        r[i] = quad_at(rows_from(rows, there) + first_trial());
        TBRNN_UNROLL
        for (int o = 0; o < lane_units; ++o)
          w[i][o] = n < units ? P[there * stride + (o < count ? o : 0)] : T(0);
      }
      TBRNN_UNROLL
      for (int i = 0; i < ahead; ++i) TBRNN_UNROLL
      for (int o = 0; o < lane_units; ++o) TBRNN_UNROLL
      for (int q = 0; q < lane_units; ++q) sum[o][q] = fma(V(w[i][o]), V(r[i].v[q]), sum[o][q]);
    }
    TBRNN_UNROLL
    for (int o = 0; o < lane_units; ++o) TBRNN_UNROLL
    for (int q = 0; q < lane_units; ++q) sum[o][q] = V(over_trials<32 / quarters>(sum[o][q].v));
  }
  // Of the quarter's output.
  __device__ Quad<T> mine() const {
    Quad<T> y;
    TBRNN_UNROLL
    for (int o = 0; o < lane_units; ++o) TBRNN_UNROLL
    for (int q = 0; q < lane_units; ++q)
      if (o == quarter()) y.v[q] = sum[o][q].v;
    return y;
  }
};

// The outputs of states 1 ... steps, each in a warp of the team.
template <class Model, class T>
__device__ void team_outputs(const Team<Model, T>& team, int steps) {
  using Sums = OutputSums<T>;
  const Shape<T>& shape = team.shape;
  for (int t = 1 + same_in_warp(team.workers.warp()); t <= steps; t += team.workers.warps())
    for (int first = 0; first < shape.readouts; first += lane_units) {
      const int left = shape.readouts - first;
      Quad<T> y = Sums(team.packed.gather + shape.reductions + first, shape.channels(), left,
                       team.out(t), shape.units)
                      .mine();
      if (Sums::quarter() < left) {
        TBRNN_UNROLL
        for (int q = 0; q < lane_units; ++q) y.v[q] += team.packed.b_out[first + Sums::quarter()];
        T* row = rows_from(team.history.overlap(t), shape.reductions + first + Sums::quarter());
        *reinterpret_cast<Quad<T>*>(row + Sums::first_trial()) = y;
      }
    }
  dev::warp_barrier();  // the outputs are saved
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
    if (noisy) u = fma(V(noise.input_sigma), V(z[i]), u);
    if (noisy && shape.rectified_inputs) u = maximum(V(T(0)), u);
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

// s of step t = mix(c), before the inputs
template <class Model, class T>
__device__ void team_drives(const Team<Model, T>& team, int t) {
  const Shape<T>& shape = team.shape;
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

// start + sum_c Q_nc s_c, of pre-activation p
template <class Model, class T>
__device__ Number<T> add_drives(const Team<Model, T>& team, int n, int p, Number<T> start) {
  const int driven = team.shape.driven();
  const T* Q = team.packed.drive + static_cast<std::size_t>(n * team.shape.preactivations + p) *
                                       static_cast<std::size_t>(driven);
  return add_rows(Q, team.memory.drives, driven, start);
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
template <class T, class Save>
__device__ Number<T> step_of_unit(const Shape<T>& shape, int n, Number<T> x, Number<T> sum,
                                  Save save) {
  using V = Number<T>;
  const bool voltage = shape.form == Form::voltage;
  if (voltage) {
    sum = phi(shape.phi, sum);
    save(sum);
  }
  if (shape.own_leak) {
    const UnitLeak<T> own(shape, n);
    return own_leak(x, sum, own.leak, own.alpha, own.cubic);
  }
  const V leak(shape.leak);
  return voltage ? leak_voltage(x, sum, leak, V(shape.alpha)) : fma(leak, x, sum);
}

// The same from state t on; y from the product stage.
template <class Model, class T>
__device__ Number<T> team_step(const Team<Model, T>& team, int t, int n, Number<T> x, Number<T> y) {
  const Number<T> sum = add_drives(team, n, 0, y + Number<T>(team.packed.bias[n]));
  return step_of_unit(team.shape, n, x, sum, [&](Number<T> response) {
    *row_at(team.history.response(t), n) = response.v;
  });
}

// The same of a gated unit of full rank: y of each pre-activation.
template <class Model, class T>
__device__ Number<T> gated_team_step(const Team<Model, T>& team, int t, int n, Number<T> x,
                                     const Number<T> (&y)[Product<Model>::targets]) {
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
        x = fma(V(team.noise.sigma), V(z[n % lane_units]), x);
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
