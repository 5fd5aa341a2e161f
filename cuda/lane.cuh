// The lanes that share one trial. Lane l of a group holds units 4 l ... 4 l + 3; what belongs to the whole trial, the channels, every
// lane of the group holds.
#pragma once

#include "block_memory.cuh"
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

// Where a lane finds its trial in the history.
__device__ inline std::size_t place(int t) {
  return static_cast<std::size_t>(t) * block_threads + static_cast<std::size_t>(dev::thread());
}

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
__device__ Quad<T> quad_at(const T* at) {
  return *reinterpret_cast<const Quad<T>*>(at);
}

// Numbers `first` ... `first` + `count` - 1 from or to memory, in whole quads.
template <bool global = true, class T, int most>
__device__ void read_row(const T* row, int first, int count, Number<T> (&value)[most]) {
  TBRNN_UNROLL_TIMES(unrolled_to<most>)
  for (int k = 0; k < count; k += lane_units) {
    const auto* at = reinterpret_cast<const Quad<T>*>(row + k);
    const Quad<T> q = global ? dev::load(at) : dev::load_anywhere(at);
    TBRNN_UNROLL
    for (int i = 0; i < lane_units; ++i)
      if (k + i < count) value[first + k + i] = Number<T>(q.v[i]);
  }
}

// The channels of the history, which lie in shared memory where that suffices.
template <class T, int most>
__device__ void read_channels(const T* row, int first, int count, Number<T> (&value)[most]) {
  read_row<false>(row, first, count, value);
}

template <class T, int most>
__device__ void write_channels(const Number<T> (&value)[most], int first, int count, T* row) {
  TBRNN_UNROLL_TIMES(unrolled_to<most>)
  for (int k = 0; k < count; k += lane_units) {
    Quad<T> q;
    TBRNN_UNROLL
    for (int i = 0; i < lane_units; ++i)
      q.v[i] = k + i < count ? value[first + k + i].v : dev::anything<T>();
    dev::store_anywhere(q, reinterpret_cast<Quad<T>*>(row + k));
  }
}

// What the lane reads and writes of the history in every step. The channels of kernels that ask for all shared memory lie there, if
// those of all steps have room.
template <class T, class S, int lanes>
struct Trace {
  ChannelRow row;
  Quad<T>* carrier;
  T* channels;

  __device__ Trace(const Shape<T>& shape, int steps, const History<T>& history)
      : row(typename S::template Of<T>{shape}.row()),
        carrier(dev::kept(history.carrier + dev::thread())) {
    T* all = history.channels;
    if constexpr (S::asks_ahead) {
      const auto before = bytes_before_channels<T, S> / sizeof(T);
      if ((before + static_cast<std::size_t>(overlaps_of(steps + 1))) * sizeof(T) <=
          dev::shared_bytes())
        all = dev::shared_memory<T>() + before;
    }
    channels = dev::kept(all + Group<lanes>::trial() * row.end);
  }
  __device__ Trace from(std::ptrdiff_t t) const {  // whose step 0 is this one's step t
    Trace later(*this);
    later.carrier = dev::kept(carrier_at(t));
    later.channels = dev::kept(overlaps(t));
    return later;
  }
  __device__ std::ptrdiff_t overlaps_of(std::ptrdiff_t steps) const {
    return steps * (Group<lanes>::trials * row.end);
  }
  __device__ Quad<T>* carrier_at(std::ptrdiff_t t) const { return carrier + t * block_threads; }
  __device__ T* overlaps(std::ptrdiff_t t) const { return channels + overlaps_of(t); }
  __device__ T* outputs(std::ptrdiff_t t) const {  // or their adjoints
    return overlaps(t) + row.outputs;
  }
  __device__ T* late(int t) const { return overlaps(t) + row.late; }
};

template <class T>
__device__ const Quad<T> zero{};

// One trial of a data set: where its numbers lie.
template <class T>
struct Source {
  const T *inputs, *targets, *weights, *initial;
  int weight_row;
  std::uint32_t number;  // for the noise

  __device__ Source(const Trials<T>& data, const Shape<T>& shape, int trial, int noise_trial)
      : weight_row(data.weight_row), number(static_cast<std::uint32_t>(noise_trial)) {
    const std::size_t tile = static_cast<std::size_t>(trial / tile_trials),
                      lane = static_cast<std::size_t>(trial % tile_trials);
    const auto of_trial = [&](const T* array, int steps, int row) {
      return array + (tile * static_cast<std::size_t>(steps) * tile_trials + lane) *
                         static_cast<std::size_t>(row);
    };
    inputs = dev::kept(of_trial(data.inputs, data.steps, whole_quads(shape.inputs)));
    targets = of_trial(data.targets, data.steps, whole_quads(shape.target_rows()));
    weights = of_trial(data.weights, data.steps, data.weight_row);
    initial = data.initial ? of_trial(data.initial, 1, whole_quads(shape.units)) : nullptr;
  }
  __device__ void ignore() {  // its weights are 0
    weights = zero<T>.v;
    weight_row = 0;
  }
  // The rows of step t, which are so long.
  __device__ static const T* step(const T* array, std::ptrdiff_t t, int row) {
    return array + t * (row * tile_trials);
  }
  // Of the outputs `first` ... `first` + 3 of step t, a quad.
  __device__ const T* weights_of(int t, int first) const {
    return step(weights, t, weight_row) + (weight_row > lane_units ? first : 0);
  }
};

}  // namespace tbrnn::cuda
