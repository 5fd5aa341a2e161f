// Sums over the units of a state, in a warp: of the outputs, which no step needs and which follow behind the last one.
#pragma once

#include "team_channels.cuh"

namespace tbrnn::cuda {

// The sums over the units of rows [32] with four weights P [unit][stride] of each. A quarter of the warp has every fourth row.
template <class T>
struct UnitSums {
  using V = Number<T>;
  static constexpr int ahead = 8, quarters = 32 / (tile_trials / lane_units);
  V sum[lane_units][lane_units];  // [weight][trial]

  __device__ static int quarter() { return lane() / (32 / quarters); }
  __device__ static int first_trial() { return lane() % (32 / quarters) * lane_units; }

  // `count` weights; those behind them are read as the first
  __device__ UnitSums(const T* P, int stride, int count, const T* rows, int units) {
    TBRNN_UNROLL
    for (int k = 0; k < lane_units; ++k) TBRNN_UNROLL
    for (int q = 0; q < lane_units; ++q) sum[k][q] = V(T(0));
    for (int first = 0; first < units; first += quarters * ahead) {
      Quad<T> r[ahead];
      T w[ahead][lane_units];
      TBRNN_UNROLL
      for (int i = 0; i < ahead; ++i) {
        const int n = first + i * quarters + quarter(), there = n < units ? n : 0;
        r[i] = quad_at(rows_from(rows, there) + first_trial());
        TBRNN_UNROLL
        for (int k = 0; k < lane_units; ++k)
          w[i][k] = n < units ? P[there * stride + (k < count ? k : 0)] : T(0);
      }
      TBRNN_UNROLL
      for (int i = 0; i < ahead; ++i) TBRNN_UNROLL
      for (int k = 0; k < lane_units; ++k) TBRNN_UNROLL
      for (int q = 0; q < lane_units; ++q) sum[k][q] = fma(V(w[i][k]), V(r[i].v[q]), sum[k][q]);
    }
    TBRNN_UNROLL
    for (int k = 0; k < lane_units; ++k) TBRNN_UNROLL
    for (int q = 0; q < lane_units; ++q) sum[k][q] = V(over_trials<32 / quarters>(sum[k][q].v));
  }
  // Of the quarter's weight.
  __device__ Quad<T> mine() const {
    Quad<T> y;
    TBRNN_UNROLL
    for (int k = 0; k < lane_units; ++k) TBRNN_UNROLL
    for (int q = 0; q < lane_units; ++q)
      if (k == quarter()) y.v[q] = sum[k][q].v;
    return y;
  }
};

// To rows `to`, in a warp: the sums with `count` weights P [unit][stride] of each, and their biases, if there are any.
template <class T>
__device__ void sum_over_units(const T* P, int stride, int count, const T* rows, int units, T* to,
                               const T* biases = nullptr) {
  using Sums = UnitSums<T>;
  for (int first = 0; first < count; first += lane_units) {
    const int k = first + Sums::quarter();
    Quad<T> y = Sums(P + first, stride, count - first, rows, units).mine();
    if (k >= count) continue;
    TBRNN_UNROLL
    for (int q = 0; q < lane_units; ++q) y.v[q] += biases ? biases[k] : T(0);
    *reinterpret_cast<Quad<T>*>(rows_from(to, k) + Sums::first_trial()) = y;
  }
  dev::warp_barrier();  // they are saved
}

// The outputs of states 1 ... steps, each in a warp of the team.
template <class Model, class T>
__device__ void team_outputs(const Team<Model, T>& team, int steps) {
  const Shape<T>& shape = team.shape;
  for (int t = 1 + same_in_warp(team.workers.warp()); t <= steps; t += team.workers.warps())
    sum_over_units(team.packed.gather + shape.reductions, shape.channels(), shape.readouts,
                   team.out(t), shape.units, rows_from(team.history.overlap(t), shape.reductions),
                   team.packed.b_out);
}

}  // namespace tbrnn::cuda
