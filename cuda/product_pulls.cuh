// The adjoint of a small product of pairs: the threads behind the first warp
// hold whole rows of its weights.
//
//   A_jk = sum_i S_jk,i e_i      g_j gets A_jk r_k, and g_k gets A_jk r_j
#pragma once

#include "product.cuh"

namespace tbrnn::cuda {

template <class Model, class T, int lanes> class PairPulls {
  using P = Product<Model>;
  using V = Number<T>;
  using Memory = ProductMemory<Model, T, lanes>;
  static constexpr int threads = block_threads - 32;
  static constexpr int most =
      (P::rows(Memory::row) + threads - 1) / threads; // rows of a thread

public:
  // The diagonal counts twice.
  __device__ PairPulls(const Shape<T> &shape, const T *weights)
      : rows_(shape.product_rows),
        full_(dev::any(all_lanes, exists(most - 1))) {
    TBRNN_UNROLL
    for (int m = 0; m < most; ++m) {
      if (!exists(m))
        continue;
      at_[m] = pair(shape.units, number(m));
      const T times(at_[m].j == at_[m].k ? 2 : 1);
      TBRNN_UNROLL
      for (int i = 0; i < Memory::row; i += lane_units) {
        if (i >= shape.columns())
          continue;
        const Quad<T> w = quad_at(weights + number(m) * shape.columns() + i);
        TBRNN_UNROLL
        for (int b = 0; b < lane_units; ++b)
          w_[m][i + b] = times * w.v[b];
      }
    }
  }

  __device__ void share_out() const {
    if (full_)
      share_rows<most>();
    else if (exists(0))
      share_rows<most - 1>();
  }

private:
  template <int count> __device__ void share_rows() const {
    V A[count] = {};
    TBRNN_UNROLL
    for (int i = 0; i < Memory::row; i += lane_units) {
      const Quad<T> e = quad_at(memory().e[0] + i);
      TBRNN_UNROLL
      for (int b = 0; b < lane_units; ++b)
        TBRNN_UNROLL
      for (int m = 0; m < count; ++m)
        A[m] = fma(V(w_[m][i + b]), V(e.v[b]), A[m]);
    }
    const T *const r = memory().carriers();
    TBRNN_UNROLL
    for (int m = 0; m < count; ++m) {
      const auto [j, k] = at_[m];
      if (exists(m))
        memory().give(j, k, A[m].v * r[k], A[m].v * r[j]);
    }
  }
  __device__ static Memory &memory() { return Memory::of_block(); }
  // Some warp has one row more than others: it is the fifth, beside which the
  // first would only wait.
  __device__ static int number(int m) {
    return m * threads + (dev::thread() + threads - 128) % threads;
  }
  __device__ bool exists(int m) const { return number(m) < rows_; }
  __device__ static Segment pair(int units, int number) {
    int j = 0, k = number;
    if (k >= P::pair_rows(units))
      return {-1, static_cast<unsigned char>(k - P::pair_rows(units))};
    for (; k >= units; ++j)
      k -= units - j - 1;
    return {static_cast<signed char>(j), static_cast<unsigned char>(k)};
  }

  const int rows_;
  const bool full_; // any lane of the warp has as many
  T w_[most][Memory::row] = {};
  Segment at_[most] = {};
};

} // namespace tbrnn::cuda
