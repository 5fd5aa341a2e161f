// The product of a cluster's time loops, of weights in registers and shared memory:
//
//   y_i = sum_k W_ik r_k        g_k = sum_i W_ik e_i
//
// Of the numbers that a lane reads of r, those of a group's trials, each is used for 8 rows. The sums of a band's lanes are added in a tree
// that leaves each lane with one row: at each level a lane gives the upper half of its rows away. It has them in an order of its own, so that
// those are never its own.
#pragma once

#include "cluster.cuh"

namespace tbrnn::cuda {

// Each lane gives half of its values away, then a half of these, ... and keeps the last.
template <int apart, class T, int count, int last>
__device__ void halve(const Number<T> (&value)[count], Number<T> (&sum)[last]) {
  using V = Number<T>;
  if constexpr (count == last) {
    TBRNN_UNROLL
    for (int i = 0; i < last; ++i) sum[i] = value[i];
  } else {
    const bool upper = lane() & apart;
    V half[count / 2];
    TBRNN_UNROLL
    for (int i = 0; i < count / 2; ++i) {
      const T low = value[i].v, high = value[count / 2 + i].v;
      half[i] = V(upper ? high : low) + V(dev::shuffle_xor(all_lanes, upper ? low : high, apart));
    }
    halve<apart / 2>(half, sum);
  }
}

// The same of value [row][trial], rows in the order of ClusterMatrix: first rows, then trials, of which a fourth is 0 where there are three.
template <int apart, class T, int count, int last>
__device__ void over_rows(const Number<T> (&value)[count], Number<T> (&sum)[last]) {
  using V = Number<T>;
  if constexpr (count <= lane_units) {
    V four[lane_units];
    TBRNN_UNROLL
    for (int q = 0; q < lane_units; ++q) four[q] = q < count ? value[q] : V(T(0));
    halve<apart>(four, sum);
  } else {
    V half[count / 2];
    TBRNN_UNROLL
    for (int i = 0; i < count / 2; ++i)
      half[i] = value[i] + V(dev::shuffle_xor(all_lanes, value[count / 2 + i].v, apart));
    over_rows<apart / 2>(half, sum);
  }
}

// [unit][stride]
template <class T>
struct UnitRows {
  const T* at;
  int stride;
  __device__ const T* of(int unit) const { return at + unit * stride; }
};

// A_ik = sum_r a_ir b_kr
template <class T>
struct LowRank {
  UnitRows<T> row, column;
  int rank;
};

// The weights of a band's rows: of matrix [column][unit, in whole quads], and a low-rank one.
template <class T, class W>
class ClusterMatrix {
  using V = Number<T>;

 public:
  // `unit`: of the lane
  __device__ ClusterMatrix(const Shape<T>& shape, const T* matrix, int unit,
                           const ClusterMemory<T, W>& memory, const LowRank<T>& added)
      : memory_(memory) {
    const int first_unit = unit / band_units * band_units;
    const auto load = [&](int k, V(&w)[band_units]) {
      const int column = W::column(k);
      const T* units =
          matrix + static_cast<std::size_t>(column) * static_cast<std::size_t>(shape.columns()) +
          first_unit;
      TBRNN_UNROLL
      for (int h = 0; h < band_units; h += lane_units) {
        Quad<T> four{};
        if (column < shape.units && first_unit + h < shape.columns()) four = quad_at(units + h);
        TBRNN_UNROLL
        for (int i = 0; i < lane_units; ++i) w[h + i] = V(four.v[i]);
      }
      if (column < shape.units) add(added, column, first_unit, shape.units, w);
      in_own_order(w);
      TBRNN_UNROLL
      for (V& entry : w) entry = V(dev::kept(entry.v));
    };
    TBRNN_UNROLL
    for (int k = 0; k < W::in_registers; ++k) load(k, w_[k]);
    TBRNN_UNROLL_TIMES(2)
    for (int k = W::in_registers; k < W::lane_columns; ++k) {
      V w[band_units];
      load(k, w);
      TBRNN_UNROLL
      for (int h = 0; h < 2; ++h) {
        Quad<T> four;
        TBRNN_UNROLL
        for (int i = 0; i < lane_units; ++i) four.v[i] = w[h * lane_units + i].v;
        *rest(k, h) = four;
      }
    }
  }

  // The sums of the lane's row for its trials of a group.
  __device__ void times(const Quad<T>* sent, V (&total)[W::numbers]) const {
    V sum[band_units * W::group_trials];
    TBRNN_UNROLL
    for (V& entry : sum) entry = V(T(0));
    TBRNN_UNROLL
    for (int k = W::in_registers; k < W::lane_columns; ++k) {
      V w[band_units];
      TBRNN_UNROLL
      for (int h = 0; h < 2; ++h) {
        const Quad<T> half = *rest(k, h);
        TBRNN_UNROLL
        for (int i = 0; i < lane_units; ++i) w[h * lane_units + i] = V(half.v[i]);
      }
      add(w, sent[W::column(k)], sum);
    }
    TBRNN_UNROLL
    for (int k = 0; k < W::in_registers; ++k) add(w_[k], sent[W::column(k)], sum);
    over_rows<W::band_lanes / 2>(sum, total);
  }

 private:
  // += A_ik of the rows of units that exist
  __device__ static void add(const LowRank<T>& A, int column, int first_unit, int units,
                             V (&w)[band_units]) {
    TBRNN_UNROLL_TIMES(1)
    for (int r = 0; r < A.rank; ++r) {
      const V b(A.column.of(column)[r]);
      TBRNN_UNROLL
      for (int i = 0; i < band_units; ++i)
        if (first_unit + i < units) w[i] = fma(V(A.row.of(first_unit + i)[r]), b, w[i]);
    }
  }
  // Row i at place i xor the lane's row.
  __device__ static void in_own_order(V (&w)[band_units]) {
    TBRNN_UNROLL
    for (int apart = 1; apart < band_units; apart *= 2) TBRNN_UNROLL
    for (int i = 0; i < band_units; ++i) {
      if (i & apart) continue;
      const T low = w[i].v, high = w[i + apart].v;
      const bool change = W::row() & apart;
      w[i] = V(change ? high : low);
      w[i + apart] = V(change ? low : high);
    }
  }
  // sum [row][trial] += w [row] b [trial]
  __device__ static void add(const V (&w)[band_units], const Quad<T>& b,
                             V (&sum)[band_units * W::group_trials]) {
    TBRNN_UNROLL
    for (int row = 0; row < band_units; ++row) TBRNN_UNROLL
    for (int q = 0; q < W::group_trials; ++q) {
      V& entry = sum[row * W::group_trials + q];
      entry = fma(w[row], V(b.v[q]), entry);
    }
  }
  __device__ Quad<T>* rest(int k, int h) const {
    return reinterpret_cast<Quad<T>*>(memory_.weights) +
           ((k - W::in_registers) * 2 + h) * block_threads + dev::thread();
  }

  V w_[W::in_registers][band_units];
  const ClusterMemory<T, W>& memory_;
};

}  // namespace tbrnn::cuda
