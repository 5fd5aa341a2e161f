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
    static_assert(channel_parts == lane_units);
    const Quad<T> a = quad_at(part);
    return (a.v[0] + a.v[1]) + (a.v[2] + a.v[3]);
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
  return {memory.sums_at(turn, trial), W::most_trials * channel_parts, true};
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

// The warp's part of the sums over the units of one of two channels of a group, for a trial in some lanes.
template <class T, class W>
struct TwoChannels {
  using V = Number<T>;
  static constexpr int lanes = 32 / lane_units;

  const ClusterMemory<T, W>& memory;
  int turn, group, first;

  __device__ int channel() const { return first + warp() / channel_parts; }
  __device__ V part() const {
    const int begin = warp() % channel_parts * 32 + lane();
    const Quad<T>* sent = memory.sent_at(turn, group) + begin;
    const T* P = memory.overlaps + channel() * W::columns + begin;
    V sum[lane_units];
    TBRNN_UNROLL
    for (V& entry : sum) entry = V(T(0));
    TBRNN_UNROLL
    for (int column = 0; column < W::columns; column += channel_parts * 32) {
      const Quad<T> b = sent[column];
      TBRNN_UNROLL
      for (int q = 0; q < lane_units; ++q) sum[q] = fma(V(P[column]), V(b.v[q]), sum[q]);
    }
    return over_warp(sum);
  }
  __device__ void save(V part) const {
    T* sums = memory.sums_at(turn, group * W::group_trials + lane() / lanes);
    if (lane() % lanes == 0 && lane() / lanes < W::group_trials)
      sums[channel() * W::most_trials * channel_parts + warp() % channel_parts] = part.v;
  }
};

// Channels `first` ... count - 1, two by two.
template <class T, class W>
__device__ void sum_channels(const ClusterMemory<T, W>& memory, int turn, int group, int first,
                             int count) {
  for (; first < count; first += channels_at_once) {
    const TwoChannels<T, W> two{memory, turn, group, first};
    two.save(two.part());
  }
}

// The sums of the lane's row for its trials of a group of a turn; and those of channels 0 ... count - 1, the shuffles of the first two beside
// the product.
template <class Model, class T, class W>
__device__ void multiply(const ClusterMatrix<T, W>& weights, const ClusterMemory<T, W>& memory,
                         int turn, int group, int count, Number<T> (&sum)[W::numbers]) {
  if constexpr (has_channels<Model>) {
    sum_channels(memory, turn, group, channels_at_once, count);
    const TwoChannels<T, W> two{memory, turn, group, 0};
    const Number<T> part = two.part();
    weights.times(memory.sent_at(turn, group), sum);
    two.save(part);
    dev::block_barrier();  // the channels are there
  } else {
    weights.times(memory.sent_at(turn, group), sum);
  }
}

// Of the channels, the weights of all units whose sums they are, and those of the block's own units.
template <class Model, class T, class W>
__device__ void load_weights(const Cluster<Model, T, W>& c, UnitRows<T> overlaps, int summed,
                             UnitRows<T> own, int count) {
  if constexpr (!has_channels<Model>) return;  // nor memory for them
  const ClusterMemory<T, W>& memory = c.memory;
  const int units = c.shape.units, first = dev::cluster_rank() * W::block_units;
  for (int i = dev::thread(); i < memory.channels * W::columns; i += block_threads) {
    const int n = i % W::columns, k = i / W::columns;
    memory.overlaps[i] = n < units && k < summed ? overlaps.of(n)[k] : T(0);
  }
  for (int i = dev::thread(); i < W::block_units * count; i += block_threads)
    if (first + i / count < units) memory.units[i] = own.of(first + i / count)[i % count];
}

// What a matrix has of the channels, of these weights of rows and columns.
template <class Model, class T>
__device__ LowRank<T> added(const Shape<T>& shape, UnitRows<T> row, UnitRows<T> column) {
  return {row, column, in_matrix<Model> ? shape.reductions : 0};
}

}  // namespace tbrnn::cuda
