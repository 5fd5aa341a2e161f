// From the sums of the lanes to the gradient of a part, 16 trials, and from part to part. The tree is fixed: the trials of a lane in turn,
// the trials of a warp by halves, the warps of a part in order, the parts in order. So the bits do not depend on where a part runs.
#pragma once

#include "backward.cuh"
#include "block_sum.cuh"

namespace tbrnn::cuda {

// Shared memory: [warp][channel][unit] of partial sums, and behind them one loss per trial, and their sum over the parts.
template <class T, int lanes>
struct TileMemory {
  static constexpr int row = Group<lanes>::units;
  static constexpr int reduced_channels = lanes > 8 ? 4 : 16;  // at a time
  static_assert(reduced_channels * row <= most_partial);

  __device__ static T* partial() { return dev::shared_memory<T>(); }
  __device__ static T& partial(int warp, int channel, int unit) {
    return partial()[(warp * reduced_channels + channel) * row + unit];
  }
  __device__ static T& loss(int trial) { return partial()[warps * reduced_channels * row + trial]; }
  __device__ static double& sum() { return *reinterpret_cast<double*>(&loss(tile_trials)); }
};

// The parts that a block works on at a time, each in as many of its warps.
template <int lanes>
inline constexpr int most_parts =
    Group<lanes>::trials > part_trials ? Group<lanes>::trials / part_trials : 1;

// What becomes of their sums: each goes to a total of its own, so many entries behind the last one's, or all are added to one.
struct Totals {
  int parts;
  std::size_t apart;  // 0: one total
  bool starts;        // with the first part

  // Whether a warp, as all its lanes know, works on one of the parts.
  template <int lanes>
  __device__ bool take(int warp) const {
    return most_parts<lanes> == 1 ||
           dev::any(all_lanes, warp < parts * (warps / most_parts<lanes>));
  }
  template <int lanes, class T>
  __device__ void add(int channel, int unit, T* total) const {
    constexpr int of_part = warps / most_parts<lanes>;
    using Memory = TileMemory<T, lanes>;
    TBRNN_UNROLL
    for (int part = 0; part < most_parts<lanes>; ++part) {
      if (part >= parts) break;
      T sum = Memory::partial(part * of_part, channel, unit);
      TBRNN_UNROLL
      for (int warp = 1; warp < of_part; ++warp)
        sum += Memory::partial(part * of_part + warp, channel, unit);
      T& entry = total[static_cast<std::size_t>(part) * apart];
      entry = apart || (starts && part == 0) ? sum : entry + sum;
    }
  }
};

// total [unit][stride] (+)= sums of the lanes' [unit][from + channel], of which `present` <= count exist
template <int lanes, class T, int most>
__device__ void add_parts(const Number<T> (&sums)[lane_units][most], int from, int count,
                          int present, int units, int stride, const Totals& totals, T* total) {
  const int warp = dev::thread() / 32, lane = dev::thread() % 32;
  constexpr int reduced_channels = TileMemory<T, lanes>::reduced_channels;
  constexpr int row = TileMemory<T, lanes>::row;
  TBRNN_UNROLL_TIMES(unrolled_to<most>)
  for (int begin = 0; begin < count; begin += reduced_channels) {
    dev::block_barrier();  // the last sums have been read
    const int reduced = totals.take<lanes>(warp) ? reduced_channels : 0;
    TBRNN_UNROLL
    for (int k = 0; k < reduced_channels; ++k) {
      if (begin + k >= count || k >= reduced) break;
      TBRNN_UNROLL
      for (int i = 0; i < lane_units; ++i) {
        const T sum = over_trials<lanes>(sums[i][from + begin + k].v);
        if (lane < lanes) TileMemory<T, lanes>::partial(warp, k, lane * lane_units + i) = sum;
      }
    }
    dev::block_barrier();
    const int left = present - begin,
              items = (left < reduced_channels ? left : reduced_channels) * row;
    for (int item = dev::thread(); item < items; item += block_threads) {
      const int k = item / row, unit = item % row;
      if (unit < units) totals.add<lanes>(k, unit, total + unit * stride + begin + k);
    }
  }
}

template <int lanes, class T, class S>
__device__ void add_parts(const Shape<T>& shape, const LaneSums<T, S>& sums, const Totals& totals,
                          const Packed<T>& total) {
  const typename S::template Of<T> sizes{shape};
  const int channels = shape.channels(), driven = shape.driven();
  constexpr int preactivations = S::preactivations;
  add_parts<lanes>(sums.weights.gather, 0, sizes.channels(), channels, shape.units, channels,
                   totals, total.gather);
  if constexpr (S::most_late > 0)
    add_parts<lanes>(sums.weights.late, 0, sizes.late(), shape.late, shape.units, shape.late,
                     totals, total.late);
  TBRNN_UNROLL
  for (int p = 0; p < preactivations; ++p)
    add_parts<lanes>(sums.weights.drive, p * sizes.driven(), sizes.driven(), driven, shape.units,
                     preactivations * driven, totals, total.drive + p * driven);
  dev::block_barrier();
  const int warp = dev::thread() / 32, lane = dev::thread() % 32;
  TBRNN_UNROLL
  for (int p = 0; p < preactivations; ++p) TBRNN_UNROLL
  for (int i = 0; i < lane_units; ++i) {
    const T sum = over_trials<lanes>(sums.weights.bias[i][p].v);
    if (lane < lanes) TileMemory<T, lanes>::partial(warp, p, lane * lane_units + i) = sum;
  }
  static_assert(S::most_readouts <= Group<lanes>::units &&
                preactivations < TileMemory<T, lanes>::reduced_channels);
  TBRNN_UNROLL_TIMES(S::unrolled)
  for (int o = 0; o < sizes.readouts(); ++o) {
    const T sum = over_trials<1>(sums.b_out[o].v);
    if (lane == 0) TileMemory<T, lanes>::partial(warp, preactivations, o) = sum;
  }
  dev::block_barrier();
  for (int item = dev::thread(); item < preactivations * shape.units; item += block_threads)
    totals.add<lanes>(item % preactivations, item / preactivations, total.bias + item);
  for (int o = dev::thread(); o < shape.readouts; o += block_threads)
    totals.add<lanes>(preactivations, o, total.b_out + o);
}

}  // namespace tbrnn::cuda
