// How the units, columns and trials of a cluster fall to its lanes, and the shared memory of its blocks; see cluster.cuh.
#pragma once

#include "team_forward.cuh"

namespace tbrnn::cuda {

inline constexpr int band_units = 8;
inline constexpr int most_cluster = 16;  // blocks

// Of up to so many units.
template <int bands_, int units>
struct Weave {
  static constexpr int bands = bands_, band_lanes = 32 / bands;
  static constexpr int warp_units = bands * band_units, block_units = warps * warp_units;
  static constexpr int columns = units, lane_columns = columns / band_lanes;
  // Of a lane's columns. With more than 12 the steps read back from local memory what else they need; of 1024 units shared memory has room
  // for no more than 16.
  static constexpr int in_registers = columns > 512 ? 16 : 12;
  static constexpr int unit_lanes = 32 / warp_units;  // that share a unit's trials
  // That a lane sends to, at most.
  static constexpr int lane_blocks = columns / block_units / unit_lanes;
  static_assert(lane_blocks * unit_lanes * block_units == columns);
  static constexpr int numbers = lane_units / unit_lanes;  // trials of a lane
  static constexpr int groups = tile_trials / lane_units;  // of a tile, of four trials
  // Groups of three, where there is a cluster for each.
  static constexpr bool takes_threes = columns == 512;
  static constexpr int most_groups = columns > 512 ? 2 : 4;  // that a cluster works on in a step
  static constexpr int most_trials = most_groups * lane_units;

  __device__ static int column(int k) { return k * band_lanes + lane() % band_lanes; }
  // whose sums the lane has, and the first of the trials
  __device__ static int row() { return lane() / unit_lanes; }
  __device__ static int trial() { return lane() % unit_lanes * numbers; }
};

// Which of two places in memory a turn, or a state, has.
__device__ inline int parity(int t) { return t & 1; }

// Of the trials of a lane.
template <class T, class W>
struct alignas(W::numbers * sizeof(T)) Own {
  T v[W::numbers];
};

// With what the compiler knows of the units' options and of the trials of a group.
template <class W, class Options_, int trials = lane_units>
struct WeaveOf : W {
  using Options = Options_;
  static constexpr int group_trials = trials, groups = (tile_trials + trials - 1) / trials;
  static_assert(trials % W::numbers == 0);  // a lane's are aligned in every group
};
// Groups of three trials of a tile; 0 where there are none.
template <class W, class T>
int fine_groups(const Shape<T>& shape) {
  if constexpr (W::takes_threes)
    if (TanhRates::covers(shape)) return WeaveOf<W, TanhRates, 3>::groups;
  return 0;
}
// use(weave), where so many clusters share a tile
template <class W, class T, class Use>
__device__ TBRNN_INLINED void with_options(const Shape<T>& shape, int clusters, Use use) {
  if (!TanhRates::covers(shape)) return use(WeaveOf<W, AnyUnits>{});
  if constexpr (W::takes_threes)
    if (clusters > W::groups) return use(WeaveOf<W, TanhRates, 3>{});
  use(WeaveOf<W, TanhRates>{});
}

// Where the drives are the overlaps themselves, they have a part of the matrix: W r + Q P'r = (W + Q P') r.
template <class Model>
inline constexpr bool in_matrix = Model::drives_are_overlaps;
// Whether the time loops sum channels. Networks whose matrix is the product stage have none.
template <class Model>
inline constexpr bool has_channels = !Product<Model>::exists && !in_matrix<Model>;

inline constexpr int channels_at_once = 2;  // that a block sums over the units, each in parts
inline constexpr int channel_parts = warps / channels_at_once;

// Shared memory of a block.
template <class T, class W>
struct ClusterMemory {
  static constexpr int kept = 2;  // numbers of a lane's trial
  static constexpr int of_turn = W::most_groups * W::columns;

  int channels, of_sums, of_warp, of_lane;
  std::size_t entries = 0;
  dev::Arrivals* arrivals;  // [2]: of what is sent
  Quad<T>* sent;            // [2][group][column]: r, or e, of all units; 0 behind them
  Own<T, W>* own;           // [group][kept][thread]
  T* sums;                  // [2][channel][trial][part]: of c, or of the adjoint of s
  T* overlaps;              // [channel][column]: P, or Q, whose sums these are
  T* units;                 // [unit of the block][...]: Q, or P
  T* weights;               // [column][2][thread][4]: those for which there are no registers
  Quad<T>* ahead;           // [2][warp][group][channel]: of the trials, asked for by the warp
  Own<T, W>* ahead_own;     // [2][group][...][thread]: of the lane, asked for by itself
  Source<T>* trials;        // [trial]

  // `sums_channels`: in its time loops
  TBRNN_FN ClusterMemory(const Shape<T>& shape, bool sums_channels, T* at) {
    const auto next = [&]<class E>(E*& array, int count) {
      array = reinterpret_cast<E*>(at + entries);  // which nobody uses where there is no memory
      entries += static_cast<std::size_t>(
          whole_quads(count * static_cast<int>(sizeof(E)) / static_cast<int>(sizeof(T))));
    };
    const int most = shape.reductions > shape.drives ? shape.reductions : shape.drives;
    channels = sums_channels ? (most + 1) / channels_at_once * channels_at_once : 0;
    of_sums = channels * W::most_trials * channel_parts;
    of_warp = sums_channels ? W::most_groups * shape.reductions : 0;
    of_lane = asked(AnyUnits::Of<T>{shape}) * block_threads;
    next(arrivals, 2);
    next(sent, 2 * of_turn);
    next(own, W::most_groups * kept * block_threads);
    next(sums, 2 * of_sums);
    next(overlaps, channels * W::columns);
    next(units, W::block_units * channels);
    next(weights, (W::lane_columns - W::in_registers) * band_units * block_threads);
    next(ahead, 2 * warps * of_warp);
    next(ahead_own, 2 * W::most_groups * of_lane);
    next(trials, W::most_trials);
  }
  static std::size_t bytes(const Shape<T>& shape, bool sums_channels) {
    return sizeof(T) * ClusterMemory(shape, sums_channels, nullptr).entries;
  }
  // Of each state: what the backward pass reads of a unit, at least its carrier and what reaches it as an output.
  template <class Options>
  TBRNN_FN static int asked(const Options& o) {
    return 2 + o.voltage() + o.apart() + o.saves_state();
  }

  __device__ Quad<T>* sent_at(int turn, int group) const {
    return sent + parity(turn) * of_turn + group * W::columns;
  }
  __device__ T* sums_at(int turn, int trial) const {
    return sums + parity(turn) * of_sums + trial * channel_parts;
  }
  __device__ Quad<T>* ahead_at(int t) const {
    return ahead + (parity(t) * warps + warp()) * of_warp;
  }
  __device__ Own<T, W>& asked_at(int t, int group, int which) const {
    return ahead_own[(parity(t) * W::most_groups + group) * of_lane + which * block_threads +
                     dev::thread()];
  }
  __device__ Own<T, W>& mine(int group, int which) const {
    return own[(group * kept + which) * block_threads + dev::thread()];
  }
};

}  // namespace tbrnn::cuda
