// The lanes that share one trial. Lane l of a group holds units 4 l ... 4 l + 3; what belongs to the whole trial, the channels, every
// lane of the group holds.
#pragma once

#include "number.cuh"
#include "sizes.cuh"

namespace tbrnn::cuda {

template <int lanes>
struct Group {
  static_assert(lanes <= 32);
  static constexpr int trials = block_threads / lanes;  // that a block works on at a time
  static constexpr int units = lanes * lane_units;      // at most

  __device__ static int lane() { return dev::thread() % lanes; }
  __device__ static int trial() { return dev::thread() / lanes; }
  __device__ static int unit(int i) { return lane() * lane_units + i; }

  // Sums over the units of each trial, the same bits in every lane. Level by level, so that the latencies of a level overlap.
  template <class T, int most>
  __device__ static void sum(Number<T> (&value)[most], int count) {
    TBRNN_UNROLL
    for (int apart = lanes / 2; apart; apart /= 2) {
      TBRNN_UNROLL_TIMES(unrolled_to<most>)
      for (int k = 0; k < count; ++k)
        value[k] = value[k] + Number<T>(dev::shuffle_xor(all_lanes, value[k].v, apart));
    }
  }

  template <class T>
  __device__ static Number<T> greatest(Number<T> value) {
    TBRNN_UNROLL
    for (int apart = lanes / 2; apart; apart /= 2)
      value = maximum(value, Number<T>(dev::shuffle_xor(all_lanes, value.v, apart)));
    return value;
  }
};

// Weights of a lane's units, or the sums of their gradients.
template <class T, class S>
struct LaneWeights {
  using V = Number<T>;
  V gather[lane_units][S::most_channels];
  V late[lane_units][S::most_late ? S::most_late : 1];
  V drive[lane_units][S::preactivations * S::most_driven];
  V bias[lane_units][S::preactivations];
};

template <class T, class S, int lanes>
__device__ void load(const Shape<T>& shape, const Packed<T>& packed, LaneWeights<T, S>& w) {
  using V = Number<T>;
  const typename S::template Of<T> sizes{shape};
  const auto entry = [](const T* row, int at, int count) { return V(at < count ? row[at] : T(0)); };
  TBRNN_UNROLL
  for (int i = 0; i < lane_units; ++i) {
    const int unit = Group<lanes>::unit(i);
    const bool exists = unit < shape.units;
    const int n = exists ? unit : 0;
    const T* gather = packed.gather + n * shape.channels();
    const T* late = packed.late + n * shape.late;
    const T* drive = packed.drive + n * S::preactivations * shape.driven();
    TBRNN_UNROLL_TIMES(S::unrolled)
    for (int k = 0; k < sizes.channels(); ++k)
      w.gather[i][k] = entry(gather, k, exists ? shape.channels() : 0);
    TBRNN_UNROLL_TIMES(S::unrolled)
    for (int k = 0; k < sizes.late(); ++k) w.late[i][k] = entry(late, k, exists ? shape.late : 0);
    TBRNN_UNROLL
    for (int p = 0; p < S::preactivations; ++p, drive += shape.driven()) {
      TBRNN_UNROLL_TIMES(S::unrolled)
      for (int c = 0; c < sizes.driven(); ++c)
        w.drive[i][p * sizes.driven() + c] = entry(drive, c, exists ? shape.driven() : 0);
      w.bias[i][p] = entry(packed.bias + n * S::preactivations, p, exists ? S::preactivations : 0);
    }
  }
}

template <class T, class S>
__device__ void clear(const Shape<T>& shape, LaneWeights<T, S>& w) {
  using V = Number<T>;
  const typename S::template Of<T> sizes{shape};
  TBRNN_UNROLL
  for (int i = 0; i < lane_units; ++i) {
    TBRNN_UNROLL_TIMES(S::unrolled)
    for (int k = 0; k < sizes.channels(); ++k) w.gather[i][k] = V(T(0));
    TBRNN_UNROLL_TIMES(S::unrolled)
    for (int k = 0; k < sizes.late(); ++k) w.late[i][k] = V(T(0));
    TBRNN_UNROLL_TIMES(S::unrolled)
    for (int c = 0; c < S::preactivations * sizes.driven(); ++c) w.drive[i][c] = V(T(0));
    TBRNN_UNROLL
    for (int p = 0; p < S::preactivations; ++p) w.bias[i][p] = V(T(0));
  }
}

// The leaks of a lane's units, where each has its own.
template <class T>
struct LaneLeaks {
  Number<T> leak[lane_units], alpha[lane_units], cubic[lane_units];

  template <int lanes>
  __device__ static LaneLeaks of(const Shape<T>& shape) {
    LaneLeaks own;
    TBRNN_UNROLL
    for (int i = 0; i < lane_units; ++i) {
      const int n = Group<lanes>::unit(i);
      const T* at = shape.leaks + n;
      const bool exists = n < shape.units;
      own.leak[i] = Number<T>(exists ? at[0] : T(0));
      own.alpha[i] = Number<T>(exists ? at[shape.units] : T(0));
      own.cubic[i] = Number<T>(exists ? at[2 * shape.units] : T(0));
    }
    return own;
  }
};

// Channel values as a model's mix reads and writes them.
template <class T>
struct Values {
  Number<T>* at;
  TBRNN_FN Number<T> get(int k) const { return at[k]; }
  TBRNN_FN void set(int k, Number<T> value) const { at[k] = value; }
};

template <class T>
__device__ const T one = T(1);

// One trial of a data set: where its numbers lie.
template <class T>
struct Source {
  const T *inputs, *targets, *initial;
  const T* mask;            // a one where the data set has none
  int mask_step, mask_row;  // to the next step and the next channel of the mask
  Number<T> weight;
  std::uint32_t number;  // for the noise

  __device__ Source(const Trials<T>& data, const Shape<T>& shape, int trial, int noise_trial)
      : mask_step(data.mask ? data.mask_channels * tile_trials : 0),
        mask_row(data.mask_channels > 1 ? tile_trials : 0),
        number(static_cast<std::uint32_t>(noise_trial)) {
    const std::size_t tile = static_cast<std::size_t>(trial / tile_trials);
    const int lane = trial % tile_trials;
    const auto column = [&](const T* array, int rows) {
      return array ? array + tile * static_cast<std::size_t>(rows) * tile_trials + lane : nullptr;
    };
    inputs = column(data.inputs, data.steps * shape.inputs);
    targets = column(data.targets, data.steps * shape.target_rows());
    mask = data.mask ? column(data.mask, data.steps * data.mask_channels) : &one<T>;
    initial = column(data.initial, shape.units);
    weight = Number<T>(data.weight[trial]);
  }
  __device__ static Number<T> entry(const T* column, int rows, int t, int row) {
    return Number<T>(column[t * (rows * tile_trials) + row * tile_trials]);
  }
  __device__ Number<T> masked_weight(int t, int row) const {
    return weight * Number<T>(mask[t * mask_step + row * mask_row]);
  }
};

}  // namespace tbrnn::cuda
