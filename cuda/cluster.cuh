// Networks with a matrix of up to 1024 units, in clusters of blocks. A cluster keeps the matrix in its registers, and in its shared memory what
// has no place there, and works on groups of four trials from the first step to the last. The lanes of a warp form one or two bands; a band
// has the rows of 8 units, a lane some columns of these. What the units send, r or e, each block has of all units in its shared memory,
// twice: a step reads one and writes the other in all blocks of the cluster. A block goes on when all that it reads has come. What it then
// writes over nobody reads any more, since every warp sends its part after it has read; so all warps send, those without units too.
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
  // Of a lane's columns; with more of them the steps would read back from local memory what else they need.
  static constexpr int in_registers = columns > 512 ? 16 : 12;
  static constexpr int unit_lanes = 32 / warp_units;         // that share a unit's trials
  static constexpr int numbers = lane_units / unit_lanes;    // trials of a lane
  static constexpr int groups = tile_trials / lane_units;    // of a tile
  static constexpr int most_groups = columns > 512 ? 2 : 4;  // that a cluster works on in a step
  static constexpr int most_trials = most_groups * lane_units;

  __device__ static int column(int k) { return k * band_lanes + lane() % band_lanes; }
  // whose sums the lane has, and the first of the trials
  __device__ static int row() { return lane() / unit_lanes; }
  __device__ static int trial() { return lane() % unit_lanes * numbers; }
};

// Of the trials of a lane.
template <class T, class W>
struct alignas(W::numbers * sizeof(T)) Own {
  T v[W::numbers];
};

// Of units whose options the compiler knows, or does not.
template <class W, class Units_>
struct WeaveOf : W {
  using Units = Units_;
};
// use(weave): as the network's units are
template <class W, class T, class Use>
__device__ TBRNN_INLINED void with_units(const Shape<T>& shape, Use use) {
  if (TanhRates::covers(shape))
    use(WeaveOf<W, TanhRates>{});
  else
    use(WeaveOf<W, AnyUnits>{});
}

inline constexpr int channels_at_once = 2;  // that a block sums over the units, each in parts
inline constexpr int channel_parts = warps / channels_at_once;

// Shared memory of a block.
template <class T, class W>
struct ClusterMemory {
  static constexpr int kept = 3;  // numbers of a lane's trial
  static constexpr int of_turn = W::most_groups * W::columns;

  int channels, of_sums, of_warp, of_lane;
  std::size_t entries = 0;
  dev::Arrivals* arrivals;  // [2]: of what is sent
  Quad<T>* sent;            // [2][group][column]: r, or e, of all units; 0 behind them
  Own<T, W>* own;           // [group][kept][thread]
  T* sums;                  // [2][channel][trial][part]: of c, or of the adjoint of s
  T* overlaps;              // [channel][column]: P, or Q, whose sums these are
  T* units;                 // [unit of the block][...]: Q and the bias, or P
  T* weights;               // [column][2][thread][4]: those for which there are no registers
  Quad<T>* ahead;           // [2][warp][...]: of the trials, asked for by the warp
  Own<T, W>* ahead_own;     // [2][group][...][thread]: of the lane, asked for by itself
  Source<T>* trials;        // [trial]

  TBRNN_FN ClusterMemory(const Shape<T>& shape, T* at) {
    const auto next = [&]<class E>(E*& array, int count) {
      array = reinterpret_cast<E*>(at + entries);  // which nobody uses where there is no memory
      entries += static_cast<std::size_t>(
          whole_quads(count * static_cast<int>(sizeof(E)) / static_cast<int>(sizeof(T))));
    };
    const int most = shape.reductions > shape.drives ? shape.reductions : shape.drives,
              saved = shape.channels();
    channels = (most + 1) / channels_at_once * channels_at_once;
    of_sums = channels * W::most_trials * channel_parts;
    of_warp = W::most_groups * saved;
    of_lane = asked(shape) * block_threads;
    next(arrivals, 2);
    next(sent, 2 * of_turn);
    next(own, W::most_groups * kept * block_threads);
    next(sums, 2 * of_sums);
    next(overlaps, channels * W::columns);
    next(units, W::block_units * (saved + shape.driven() + 1));
    next(weights, (W::lane_columns - W::in_registers) * band_units * block_threads);
    next(ahead, 2 * warps * of_warp);
    next(ahead_own, 2 * W::most_groups * of_lane);
    next(trials, W::most_trials);
  }
  static std::size_t bytes(const Shape<T>& shape) {
    return sizeof(T) * ClusterMemory(shape, nullptr).entries;
  }
  // Of each state: its carrier and what else the backward pass reads of a unit.
  TBRNN_FN static int asked(const Shape<T>& shape) {
    return 1 + shape.responses() + shape.apart + shape.saves_state() + (shape.readouts == 0);
  }

  __device__ Quad<T>* sent_at(int turn, int group) const {
    return sent + turn % 2 * of_turn + group * W::columns;
  }
  __device__ T* sums_at(int turn, int trial) const {
    return sums + turn % 2 * of_sums + trial * channel_parts;
  }
  __device__ Quad<T>* ahead_at(int t) const { return ahead + (t % 2 * warps + warp()) * of_warp; }
  __device__ Own<T, W>& asked_at(int t, int group, int which) const {
    return ahead_own[(t % 2 * W::most_groups + group) * of_lane + which * block_threads +
                     dev::thread()];
  }
  __device__ Own<T, W>& mine(int group, int which) const {
    return own[(group * kept + which) * block_threads + dev::thread()];
  }
};

// What a lane needs at every step of the trials that its cluster works on at a time.
template <class Model, class T, class W>
struct Cluster {
  using V = Number<T>;

  const Team<Model, T>& team;
  const Shape<T>& shape;
  const typename W::Units::template Of<T> units;
  const Noise<T> noise;  // copies, since what functions are called with is in memory
  const TeamHistory<T> history;
  const ClusterMemory<T, W> memory;
  const int unit;  // of the lane
  int first_group = 0, groups = 0;

  __device__ explicit Cluster(const Team<Model, T>& t)
      : team(t),
        shape(t.shape),
        units{t.shape},
        noise(t.noise),
        history(t.history),
        memory(t.shape, dev::shared_memory<T>()),
        unit(dev::cluster_rank() * W::block_units + warp() * W::warp_units + W::row()) {}

  __device__ bool exists() const { return unit < shape.units; }
  __device__ bool saves_state() const { return units.own_leak() && !units.voltage(); }
  __device__ int trials() const { return groups * lane_units; }
  __device__ int place(int group) const { return group * lane_units + W::trial(); }
  __device__ int slot(int group) const {  // of the lane's first trial in its tile
    return first_group * lane_units + place(group);
  }
  // The lane's entries of rows [unit][32].
  __device__ Own<T, W>& at(T* rows, int group) const {
    return *reinterpret_cast<Own<T, W>*>(rows_from(rows, unit) + slot(group));
  }
  // What the block has of its unit: [unit of the block][stride]
  __device__ const T* of_unit(int stride) const {
    return memory.units + (warp() * W::warp_units + W::row()) * stride;
  }

  // A block that is all of its cluster has nobody to send to.
  __device__ static bool alone() { return dev::cluster_size() == 1; }
  // The unit's numbers of a turn to all blocks of the cluster: first to each lane of the unit, then from each to some blocks.
  __device__ void send(int turn, int group, const Own<T, W>& value) const {
    Quad<T> four;
    TBRNN_UNROLL
    for (int q = 0; q < lane_units; ++q)
      four.v[q] =
          dev::shuffle_among<W::unit_lanes>(all_lanes, value.v[q % W::numbers], q / W::numbers);
    if (alone()) {
      if (lane() % W::unit_lanes == 0) memory.sent_at(turn, group)[unit] = four;
      return;
    }
    for (int block = lane() % W::unit_lanes; block < dev::cluster_size(); block += W::unit_lanes)
      dev::send(four, memory.sent_at(turn, group) + unit, memory.arrivals + turn % 2, block);
  }
  __device__ void expect(int turn) const {
    const int numbers = dev::cluster_size() * W::block_units * trials();
    if (dev::thread() == 0 && !alone())
      dev::expect(memory.arrivals + turn % 2, numbers * static_cast<int>(sizeof(T)));
  }
  // All that is sent in a turn.
  __device__ void receive(int turn) const {
    if (alone()) return dev::block_barrier();
    dev::wait_for(memory.arrivals + turn % 2, turn / 2);
    expect(turn + 2);
  }
  // When nobody uses the memory for something else.
  __device__ void begin_turns() const {
    for (int i = dev::thread(); i < 2 * ClusterMemory<T, W>::of_turn; i += block_threads)
      memory.sent[i] = {};
    for (int turn = 0; turn < 2; ++turn) {
      if (dev::thread() == 0) dev::begin(memory.arrivals + turn);
      expect(turn);
    }
    dev::cluster_arrive();
    dev::cluster_wait();
  }
  __device__ void end_turns() const {
    dev::block_barrier();
    for (int turn = 0; turn < 2; ++turn)
      if (dev::thread() == 0) dev::end(memory.arrivals + turn);
    dev::block_barrier();  // the memory may be written again
  }
};

}  // namespace tbrnn::cuda
