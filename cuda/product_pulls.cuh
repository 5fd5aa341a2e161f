// The adjoint of a small product of pairs: the threads behind the first warp have whole rows of its weights.
//
//   A_jk = sum_i S_jk,i e_i      g_j gets A_jk r_k, and g_k gets A_jk r_j
//
// Two neighbours share their rows, each with half of the units: so a thread reads half of e only.
#pragma once

#include "block_sum.cuh"
#include "product.cuh"

namespace tbrnn::cuda {

template <class Model, class T, int lanes>
class PairPulls {
  using P = Product<Model>;
  using V = Number<T>;
  using Memory = ProductMemory<Model, T, lanes>;
  static constexpr int threads = block_threads - 32, half = Memory::row / 2;
  static constexpr int most = (P::rows(Memory::row) + threads - 1) / threads;  // rows of a thread

 public:
  // The diagonal counts twice.
  __device__ PairPulls(const Shape<T>& shape, const T* weights)
      : rows_(shape.product_rows),
        any_(dev::any(all_lanes, exists(0))),
        full_(dev::any(all_lanes, exists(most - 1))) {
    TBRNN_UNROLL
    for (int m = 0; m < most; ++m) {
      if (exists(m)) at_[m] = pair(shape.units, number(m));
      TBRNN_UNROLL
      for (int x = 0; x < 2; ++x) {
        const int row = number(m) ^ x;
        if (row >= rows_) continue;
        const Segment at = pair(shape.units, row);
        const T times(at.j == at.k ? 2 : 1);
        TBRNN_UNROLL
        for (int i = 0; i < half; i += lane_units) {
          if (first() + i >= shape.columns()) continue;
          const Quad<T> w = quad_at(weights + row * shape.columns() + first() + i);
          TBRNN_UNROLL
          for (int b = 0; b < lane_units; ++b) w_[m][x][i + b] = times * w.v[b];
        }
      }
    }
  }

  __device__ void share_out() const {
    if (full_)
      share_rows<most>();
    else if (any_)
      share_rows<most - 1>();
  }

 private:
  template <int count>
  __device__ void share_rows() const {
    V sum[count][2] = {};
    TBRNN_UNROLL
    for (int i = 0; i < half; i += lane_units) {
      const Quad<T> e = quad_at(memory().e[0] + first() + i);
      TBRNN_UNROLL
      for (int b = 0; b < lane_units; ++b) TBRNN_UNROLL
      for (int m = 0; m < count; ++m) TBRNN_UNROLL
      for (int x = 0; x < 2; ++x) sum[m][x] = fma(V(w_[m][x][i + b]), V(e.v[b]), sum[m][x]);
    }
    const T* const r = memory().carriers();
    TBRNN_UNROLL
    for (int m = 0; m < count; ++m) {
      const auto [j, k] = at_[m];
      const T A = sum[m][0].v + dev::shuffle_xor(all_lanes, sum[m][1].v, 1);
      if (exists(m)) memory().give(j, k, A * r[k], A * r[j]);
    }
  }
  __device__ static Memory& memory() { return Memory::of_block(); }
  __device__ static int first() { return dev::thread() % 2 * half; }  // unit
  // Some warp has one row more than others: it is the fifth, beside which the first would only wait.
  __device__ static int number(int m) {
    return m * threads + (dev::thread() + threads - 128) % threads;
  }
  __device__ bool exists(int m) const { return number(m) < rows_; }
  __device__ static Segment pair(int units, int number) {
    int j = 0, k = number;
    if (k >= P::pair_rows(units)) return {-1, static_cast<unsigned char>(k - P::pair_rows(units))};
    for (; k >= units; ++j) k -= units - j - 1;
    return {static_cast<signed char>(j), static_cast<unsigned char>(k)};
  }

  const int rows_;
  const bool any_, full_;    // whether some lane of the warp has a row, or as many as any
  T w_[most][2][half] = {};  // of the thread's own rows, and of its neighbour's
  Segment at_[most] = {};
};

}  // namespace tbrnn::cuda
