// Networks with a matrix of up to 1024 units, in clusters of blocks. A cluster keeps the matrix in its registers and works on a few trials of
// a tile from the first step to the last: a block has the rows of 64 units, a warp of 8, a lane every 32nd column of these. What the units
// send, r or e, each block has of all units in its shared memory, twice: a step reads one and writes the other in all blocks of the cluster,
// with one barrier of the cluster.
//
//   y_i = sum_k W_ik r_k        g_k = sum_i W_ik e_i
//
// Of four numbers that a lane reads of r, each is used for 8 rows. The sums of the lanes are added in a tree that leaves each lane with one
// row: at each level a lane gives the upper half of its rows away. It has them in an order of its own, so that those are never its own.
#pragma once

#include "team_product.cuh"

namespace tbrnn::cuda {

inline constexpr int warp_units = 8, block_units = warps * warp_units;
inline constexpr int most_cluster = 16;  // blocks
inline constexpr int most_groups = 4;    // of trials, that a cluster works on in a step

// A lane holds the weights of `columns` columns in registers and works on `trials` trials at a time, a group of them.
template <int columns_, int trials_>
struct Weave {
  static constexpr int columns = columns_, trials = trials_;
  static constexpr int of_quad = lane_units / trials;  // columns, whose numbers lie together
  static constexpr int quads = columns / of_quad;
  static constexpr int copies = 32 / (warp_units * trials);  // lanes with the same sum
  static constexpr int groups = tile_trials / trials;        // of a tile
  static constexpr int most_trials = most_groups * trials;

  // of all lanes, with those behind the units
  TBRNN_FN static int all_columns(int units) {
    const int whole = (units + 63) / 64 * 64;
    return whole < 32 * columns ? 32 * columns : whole;
  }
  __device__ static int column(int quad) { return (quad * 32 + lane()) * of_quad; }
  // whose sum the lane has
  __device__ static int row() { return lane() / lane_units; }
  __device__ static int trial() { return lane() / copies % trials; }
  __device__ static int copy() { return lane() % copies; }
};

// The sum over the lanes of value[lane / (32 / count)]: each lane gives half of its values away, then a half of these, ...
template <int apart = 16, class T, int count>
__device__ Number<T> over_warp(const Number<T> (&value)[count]) {
  using V = Number<T>;
  if constexpr (count > 1) {
    const bool upper = lane() & apart;
    V sum[count / 2];
    TBRNN_UNROLL
    for (int i = 0; i < count / 2; ++i) {
      const T low = value[i].v, high = value[count / 2 + i].v;
      sum[i] = V(upper ? high : low) + V(dev::shuffle_xor(all_lanes, upper ? low : high, apart));
    }
    return over_warp<apart / 2>(sum);
  } else {
    V sum = value[0];
    TBRNN_UNROLL
    for (int lanes = apart; lanes; lanes /= 2)
      sum = sum + V(dev::shuffle_xor(all_lanes, sum.v, lanes));
    return sum;
  }
}

// The same of value [row][trial], rows in the order of ClusterMatrix, for the trials of the row that the lane gives nobody.
template <int trials, int apart = 16, class T, int count>
__device__ Number<T> over_rows(const Number<T> (&value)[count]) {
  using V = Number<T>;
  if constexpr (count > trials) {
    V sum[count / 2];
    TBRNN_UNROLL
    for (int i = 0; i < count / 2; ++i)
      sum[i] = value[i] + V(dev::shuffle_xor(all_lanes, value[count / 2 + i].v, apart));
    return over_rows<trials, apart / 2>(sum);
  } else {
    return over_warp<apart>(value);
  }
}

// Shared memory of a block.
template <class T, class W>
struct ClusterMemory {
  static constexpr int kept = 4;  // numbers of a lane

  int columns, channels_of_step;
  std::size_t entries = 0;
  T* sent;            // [2][group][column][trial]: r, or e, of all units; 0 behind them
  T* own;             // [group][kept][thread]
  T* channels;        // [2][channel][trial]: c, or the adjoint of s
  T* overlaps;        // [channel][column]: P, or Q, whose sums these are
  T* units;           // [unit of the block][...]: Q and the bias, or P
  T* weights;         // [column][2][thread][4]: those for which there are no registers
  Source<T>* trials;  // [trial]

  TBRNN_FN ClusterMemory(const Shape<T>& shape, T* at) : columns(W::all_columns(shape.units)) {
    const auto next = [&](int count) {
      const std::size_t first = entries;
      entries += static_cast<std::size_t>(whole_quads(count));
      return at + first;  // which nobody uses where there is no memory
    };
    const int most = shape.reductions > shape.drives ? shape.reductions : shape.drives;
    channels_of_step = most * W::most_trials;
    sent = next(2 * of_step());
    own = next(most_groups * kept * block_threads);
    channels = next(2 * channels_of_step);
    overlaps = next(most * columns);
    units = next(block_units * (shape.channels() + shape.driven() + 1));
    weights = next((columns / 32 - W::columns) * warp_units * block_threads);
    trials = reinterpret_cast<Source<T>*>(
        next(W::most_trials * static_cast<int>(sizeof(Source<T>) / sizeof(T))));
  }
  static std::size_t bytes(const Shape<T>& shape) {
    return sizeof(T) * ClusterMemory(shape, nullptr).entries;
  }

  TBRNN_FN int of_step() const { return most_groups * columns * W::trials; }
  __device__ T* sent_at(int t, int group) const {
    return sent + t % 2 * of_step() + group * columns * W::trials;
  }
  __device__ T* channels_at(int t) const { return channels + t % 2 * channels_of_step; }
  __device__ T& mine(int group, int which) const {
    return own[(group * kept + which) * block_threads + dev::thread()];
  }
};

// The weights of a warp's rows: of matrix [column][unit, in whole quads].
template <class T, class W>
class ClusterMatrix {
  using V = Number<T>;

 public:
  __device__ ClusterMatrix(const Shape<T>& shape, const T* matrix, int first_unit,
                           const ClusterMemory<T, W>& memory)
      : memory_(memory) {
    const auto load = [&](int k, V(&w)[warp_units]) {
      const int column = W::column(k / W::of_quad) + k % W::of_quad;
      const T* units =
          matrix + static_cast<std::size_t>(column) * static_cast<std::size_t>(shape.columns()) +
          first_unit;
      TBRNN_UNROLL
      for (int h = 0; h < warp_units; h += lane_units) {
        Quad<T> four{};
        if (column < shape.units && first_unit + h < shape.columns()) four = quad_at(units + h);
        TBRNN_UNROLL
        for (int i = 0; i < lane_units; ++i) w[h + i] = V(four.v[i]);
      }
      in_own_order(w);
    };
    TBRNN_UNROLL
    for (int k = 0; k < W::columns; ++k) load(k, w_[k]);
    for (int k = W::columns; k < memory.columns / 32; ++k) {
      V w[warp_units];
      load(k, w);
      TBRNN_UNROLL
      for (int h = 0; h < warp_units; h += lane_units) {
        Quad<T> four;
        TBRNN_UNROLL
        for (int i = 0; i < lane_units; ++i) four.v[i] = w[h + i].v;
        *rest(k, h / lane_units) = four;
      }
    }
  }

  // The sum of the lane's row for its trial of a group.
  __device__ V times(const T* sent) const {
    V sum[warp_units * W::trials];
    TBRNN_UNROLL
    for (V& entry : sum) entry = V(T(0));
    TBRNN_UNROLL
    for (int quad = 0; quad < W::quads; ++quad) {
      const Quad<T> b = quad_at(sent + W::column(quad) * W::trials);
      TBRNN_UNROLL
      for (int k = 0; k < W::of_quad; ++k) add(w_[quad * W::of_quad + k], b, k, sum);
    }
    for (int quad = W::quads; quad * W::of_quad < memory_.columns / 32; ++quad) {
      const Quad<T> b = quad_at(sent + W::column(quad) * W::trials);
      TBRNN_UNROLL
      for (int k = 0; k < W::of_quad; ++k) {
        V w[warp_units];
        TBRNN_UNROLL
        for (int h = 0; h < 2; ++h) {
          const Quad<T> half = *rest(quad * W::of_quad + k, h);
          TBRNN_UNROLL
          for (int i = 0; i < lane_units; ++i) w[h * lane_units + i] = V(half.v[i]);
        }
        add(w, b, k, sum);
      }
    }
    return over_rows<W::trials>(sum);
  }

 private:
  // Row i at place i xor the lane's row.
  __device__ static void in_own_order(V (&w)[warp_units]) {
    TBRNN_UNROLL
    for (int apart = 1; apart < warp_units; apart *= 2) TBRNN_UNROLL
    for (int i = 0; i < warp_units; ++i) {
      if (i & apart) continue;
      const T low = w[i].v, high = w[i + apart].v;
      const bool change = W::row() & apart;
      w[i] = V(change ? high : low);
      w[i + apart] = V(change ? low : high);
    }
  }
  // sum [row][trial] += w [row] b [column k of the quad][trial]
  __device__ static void add(const V (&w)[warp_units], const Quad<T>& b, int k,
                             V (&sum)[warp_units * W::trials]) {
    TBRNN_UNROLL
    for (int row = 0; row < warp_units; ++row) TBRNN_UNROLL
    for (int q = 0; q < W::trials; ++q) {
      V& entry = sum[row * W::trials + q];
      entry = fma(w[row], V(b.v[k * W::trials + q]), entry);
    }
  }
  __device__ Quad<T>* rest(int k, int h) const {
    return reinterpret_cast<Quad<T>*>(memory_.weights) +
           ((k - W::columns) * 2 + h) * block_threads + dev::thread();
  }

  V w_[W::columns][warp_units];
  const ClusterMemory<T, W>& memory_;
};

// Channels as a model's mix reads and writes them.
template <class T>
struct StridedRows {
  T* at;
  int stride;
  TBRNN_FN Number<T> get(int k) const { return Number<T>(at[k * stride]); }
  TBRNN_FN void set(int k, Number<T> value) const { at[k * stride] = value.v; }
};

// A model's mix for one trial of a unit: it reads rows, and what it sets is multiplied with the unit's weights and added.
template <class T>
struct Mixed {
  const T* rows;
  int stride;
  const T* weights;
  Number<T>* sum;
  TBRNN_FN Number<T> get(int k) const { return Number<T>(rows[k * stride]); }
  TBRNN_FN void set(int k, Number<T> value) const {
    *sum = fma(Number<T>(weights[k]), value, *sum);
  }
};

// The sums over the units of channels 0 ... count - 1 of step t, each in a warp, to channels [channel][trial].
template <class T, class W>
__device__ void cluster_channels(const ClusterMemory<T, W>& memory, int t, int count, int groups) {
  using V = Number<T>;
  for (int k = same_in_warp(warp()); k < count; k += warps)
    for (int group = 0; group < groups; ++group) {
      const T *sent = memory.sent_at(t, group), *weights = memory.overlaps + k * memory.columns;
      V sum[W::trials];
      TBRNN_UNROLL
      for (V& entry : sum) entry = V(T(0));
      const auto add = [&](int quad) {
        const Quad<T> b = quad_at(sent + W::column(quad) * W::trials);
        TBRNN_UNROLL
        for (int i = 0; i < lane_units; ++i) {
          V& entry = sum[i % W::trials];
          entry = fma(V(weights[W::column(quad) + i / W::trials]), V(b.v[i]), entry);
        }
      };
      TBRNN_UNROLL
      for (int quad = 0; quad < W::quads; ++quad) add(quad);
      for (int quad = W::quads; quad * W::of_quad * 32 < memory.columns; ++quad) add(quad);
      const V total = over_warp(sum);
      constexpr int lanes = 32 / W::trials;
      if (lane() % lanes == 0)
        memory.channels_at(t)[k * W::most_trials + group * W::trials + lane() / lanes] = total.v;
    }
}

}  // namespace tbrnn::cuda
