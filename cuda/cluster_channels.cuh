// The channels of a cluster's time loops. Each block sums them for itself, each of its warps over some of the units; who needs a sum adds
// the parts of the warps.
#pragma once

#include "cluster_matrix.cuh"

namespace tbrnn::cuda {

// Channels as a model's mix reads and writes them: numbers, or sums in parts.
template <class T>
struct ChannelRows {
  T* at;
  int stride;
  bool parts = false;

  TBRNN_FN Number<T> get(int k) const {
    return Number<T>(parts ? sum(at + k * stride) : at[k * stride]);
  }
  TBRNN_FN void set(int k, Number<T> value) const { at[k * stride] = value.v; }

 private:
  TBRNN_FN static T sum(const T* part) {
    static_assert(warps == 2 * lane_units);
    const Quad<T> a = quad_at(part), b = quad_at(part + lane_units);
    return ((a.v[0] + a.v[1]) + (a.v[2] + a.v[3])) + ((b.v[0] + b.v[1]) + (b.v[2] + b.v[3]));
  }
};

// A model's mix for one trial of a unit: what it sets is multiplied with the unit's weights and added.
template <class T>
struct Mixed {
  ChannelRows<T> rows;
  const T* weights;
  Number<T>* sum;
  TBRNN_FN Number<T> get(int k) const { return rows.get(k); }
  TBRNN_FN void set(int k, Number<T> value) const {
    *sum = fma(Number<T>(weights[k]), value, *sum);
  }
};

// The sums of a turn, of a trial that the cluster works on.
template <class T, class W>
__device__ ChannelRows<T> sums_of(const ClusterMemory<T, W>& memory, int turn, int trial) {
  return {memory.sums_at(turn, trial), memory.trials_at_once * warps, true};
}

// The sum over the lanes of value[lane / (32 / count)].
template <class T, int count>
__device__ Number<T> over_warp(const Number<T> (&value)[count]) {
  Number<T> sum[1];
  halve<16>(value, sum);
  TBRNN_UNROLL
  for (int apart = 16 / count; apart; apart /= 2)
    sum[0] = sum[0] + Number<T>(dev::shuffle_xor(all_lanes, sum[0].v, apart));
  return sum[0];
}

// The warp's parts of the sums over the units of channels 0 ... count - 1 of a turn, two channels at a time.
template <class T, class W>
__device__ void cluster_channels(const ClusterMemory<T, W>& memory, int turn, int count,
                                 int groups) {
  using V = Number<T>;
  constexpr int at_once = 2, lanes = 32 / (at_once * lane_units);
  const int columns = memory.columns / warps, begin = warp() * columns,
            k_of_lane = lane() / lanes / lane_units, q = lane() / lanes % lane_units;
  for (int group = 0; group < groups; ++group)
    for (int first = 0; first < count; first += at_once) {
      const Quad<T>* sent = memory.sent_at(turn, group);
      const T* P = memory.overlaps + first * memory.columns;
      const int next = first + 1 < count ? memory.columns : 0;  // else nobody uses its sums
      V sum[at_once * lane_units];
      TBRNN_UNROLL
      for (V& entry : sum) entry = V(T(0));
      for (int column = begin + lane(); column < begin + columns; column += 32) {
        const Quad<T> b = sent[column];
        TBRNN_UNROLL
        for (int i = 0; i < at_once; ++i) TBRNN_UNROLL
        for (int trial = 0; trial < lane_units; ++trial) {
          V& entry = sum[i * lane_units + trial];
          entry = fma(V(P[column + i * next]), V(b.v[trial]), entry);
        }
      }
      const V total = over_warp(sum);
      const int k = first + k_of_lane;
      if (lane() % lanes == 0 && k < count)
        memory.sums_at(turn, group * lane_units + q)[k * memory.trials_at_once * warps + warp()] =
            total.v;
    }
}

}  // namespace tbrnn::cuda
