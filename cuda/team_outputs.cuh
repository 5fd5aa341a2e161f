// The outputs, which no step needs: they follow behind the last one.
#pragma once

#include "team_channels.cuh"

namespace tbrnn::cuda {

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

// To rows `to`, in a warp: the sums with `count` weights P [unit][stride], and what belongs to each of these or null.
template <class T>
__device__ void sum_over_units(const T* P, int stride, int count, const T* rows, int units, T* to,
                               const T* biases = nullptr) {
  using Sums = OutputSums<T>;
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
