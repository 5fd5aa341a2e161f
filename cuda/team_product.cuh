// y [row][32] = sum_k A_k,row b_k[32] in a block: each warp takes an eighth of the k, its lanes tiles of some rows and four trials.
//
//   a row of weights is read once for 32 trials; for R rows of a lane and one k there are R / 4 + 1 loads of four numbers and 4 R fma
//
// b is generated from rows in memory:   a matrix r_k or e_k   pairs r_j r_k (j <= k)   their adjoint r_j e_i
#pragma once

#include "team.cuh"

namespace tbrnn::cuda {

// Rows that follow one another in memory, times one row or, where that is null, 1.
template <class T>
struct RowRun {
  const T *from, *factor;  // [row][32], [32]
  int rows;
};

template <class T>
struct PlainRows {
  const T* at;
  int count;
  __device__ RowRun<T> from(int k) { return {rows_from(at, k), nullptr, count - k}; }
};

// r_j times b_k, for each j those from k = j on (half) or all; then the linear rows b_k. Asked for with increasing rows.
template <class T, bool half>
struct PairwiseRows {
  const T *r, *b;
  int units, count;
  int j = 0, first = 0, end;  // rows of j

  __device__ PairwiseRows(const T* r_, const T* b_, int n, bool linear)
      : r(r_),
        b(b_),
        units(n),
        count((half ? n * (n + 1) / 2 : n * n) + (linear ? n : 0)),
        end(n) {}
  __device__ RowRun<T> from(int row) {
    while (row >= end) {
      ++j;
      first = end;
      end += half && j < units ? units - j : units;
    }
    const int k = (half && j < units ? j : 0) + row - first;
    return {rows_from(b, k), j < units ? rows_from(r, j) : nullptr, end - row};
  }
};

// The lanes of a warp, eight times four trials and four times R rows.
template <int R>
struct LaneTile {
  static constexpr int rows = 4 * R;  // of a panel
  __device__ static int row() { return lane() / 8 * R; }
  __device__ static int trial() { return lane() % 8 * lane_units; }
};

// The weights of the lane's rows at one k; rows behind the last are read as others, and nobody uses their sums.
template <int R, class T>
__device__ void weights_of(const T* at, int first, int rows, Number<T> (&w)[R]) {
  if constexpr (R % lane_units == 0) {  // rows of weights are whole quads
    TBRNN_UNROLL
    for (int i = 0; i < R; i += lane_units) {
      const int row = first + i < rows ? first + i : 0;
      const Quad<T> four = *reinterpret_cast<const Quad<T>*>(at + row);
      TBRNN_UNROLL
      for (int k = 0; k < lane_units; ++k) w[i + k] = Number<T>(four.v[k]);
    }
  } else {
    TBRNN_UNROLL
    for (int i = 0; i < R; ++i) w[i] = Number<T>(at[first + i < rows ? first + i : 0]);
  }
}

template <class T>
__device__ Quad<T> quad_of(const T* at) {
  return *reinterpret_cast<const Quad<T>*>(at);
}

// partial [warp][row][32] of rows first, first + 1, ... of weights [k][stride], of which `rows` exist
template <int R, class T, class Rows>
__device__ void multiply(const T* weights, int stride, int first, int rows, Rows b, T* partial) {
  using V = Number<T>;
  using Tile = LaneTile<R>;
  V sum[R][lane_units];
  TBRNN_UNROLL
  for (int i = 0; i < R; ++i) TBRNN_UNROLL
  for (int q = 0; q < lane_units; ++q) sum[i][q] = V(T(0));
  const int end = static_cast<int>(static_cast<long>(b.count) * (warp() + 1) / warps);
  for (int k = static_cast<int>(static_cast<long>(b.count) * warp() / warps); k < end;) {
    const RowRun<T> run = b.from(k);
    const int count = run.rows < end - k ? run.rows : end - k;
    Quad<T> factor{{T(1), T(1), T(1), T(1)}};
    if (run.factor) factor = quad_of(run.factor + Tile::trial());
    const T* at = weights + static_cast<std::size_t>(k) * static_cast<std::size_t>(stride);
    const T* from = run.from + Tile::trial();
    for (int i = 0; i < count; ++i, at += stride, from += tile_trials) {
      const Quad<T> four = quad_of(from);
      V value[lane_units], w[R];
      TBRNN_UNROLL
      for (int q = 0; q < lane_units; ++q) value[q] = V(four.v[q]) * V(factor.v[q]);
      weights_of<R>(at, first + Tile::row(), rows, w);
      TBRNN_UNROLL
      for (int row = 0; row < R; ++row) TBRNN_UNROLL
      for (int q = 0; q < lane_units; ++q) sum[row][q] = fma(w[row], value[q], sum[row][q]);
    }
    k += count;
  }
  T* to = partial + (warp() * Tile::rows + Tile::row()) * tile_trials + Tile::trial();
  TBRNN_UNROLL
  for (int i = 0; i < R; ++i) {
    Quad<T> four;
    TBRNN_UNROLL
    for (int q = 0; q < lane_units; ++q) four.v[q] = sum[i][q].v;
    *reinterpret_cast<Quad<T>*>(to + i * tile_trials) = four;
  }
}

// Row `row` of a panel, at the lane's trial.
template <int R, class T>
__device__ Number<T> over_partial(const T* partial, int row) {
  Number<T> sum(T(0));
  TBRNN_UNROLL
  for (int w = 0; w < warps; ++w)
    sum = sum + Number<T>(partial[(w * LaneTile<R>::rows + row) * tile_trials + lane()]);
  return sum;
}

// use(k, sum_n P_nk rows_n) for the channels k = 0 ... count - 1 of weights [unit][stride], each in one warp; every thread calls it.
template <class T, class Rows, class Use>
__device__ void each_channel(const T* weights, int stride, int count, Rows rows, T* partial,
                             Use use) {
  constexpr int R = 2;
  for (int first = 0; first < count; first += LaneTile<R>::rows) {
    multiply<R>(weights, stride, first, count, rows, partial);
    dev::block_barrier();
    if (first + warp() < count) use(first + warp(), over_partial<R>(partial, warp()));
    dev::block_barrier();
  }
}

// The product stage of a network, which a channel model has where a fixed matrix is beside its channels.
template <class Model, class T>
struct TeamProduct {
  static constexpr bool pairs = Product<Model>::pairs;
  static constexpr int targets = Product<Model>::targets;
  static constexpr int R =
      pairs ? 4 : 8;  // more work for each unit of pairs: fewer of them in a block

  const Shape<T>& shape;
  const T *weights, *pulls;  // [row][columns]

  __device__ TeamProduct(const Shape<T>& s, const Packed<T>& packed) : shape(s) {
    const std::size_t columns = static_cast<std::size_t>(s.columns());
    if constexpr (Product<Model>::exists) {
      weights = packed.product;
      pulls = weights + static_cast<std::size_t>(s.product_rows) * columns;
    } else {
      weights = s.matrix;
      pulls = weights + static_cast<std::size_t>(s.units) * columns;
    }
  }
  __device__ bool exists() const { return Product<Model>::exists || shape.bulk; }

  // use(first unit, y [target][unit]) in a warp for each quad of the block's units, y from the carriers r
  template <class Use>
  __device__ void drive(OwnUnits own, const T* r, T* partial, Use use) const {
    const auto of_target = [&](int p) {
      return weights +
             static_cast<std::size_t>(p * shape.units) * static_cast<std::size_t>(shape.columns());
    };
    if constexpr (pairs)
      each_panel<1>(
          own, partial, [&](int) { return weights; },
          [&](int) { return PairwiseRows<T, true>(r, r, shape.units, Product<Model>::linear()); },
          use);
    else
      each_panel<targets>(
          own, partial, of_target,
          [&](int) {
            return PlainRows<T>{r, shape.units};
          },
          use);
  }

  // the same with g from e [target][unit]
  template <class Use>
  __device__ void pull(OwnUnits own, const T* r, const T* e, T* partial, Use use) const {
    const auto rows = [&](int) {
      if constexpr (pairs)
        return PairwiseRows<T, false>(r, e, shape.units, Product<Model>::linear());
      else
        return PlainRows<T>{e, targets * shape.units};
    };
    each_panel<1>(
        own, partial, [&](int) { return pulls; }, rows, use);
  }

 private:
  template <int count, class Weights, class Rows, class Use>
  __device__ void each_panel(OwnUnits own, T* partial, Weights weights_of_target, Rows rows,
                             Use use) const {
    const int columns = shape.columns();
    for (int first = own.begin; first < own.end; first += LaneTile<R>::rows) {
      Number<T> y[count][lane_units];
      TBRNN_UNROLL
      for (int p = 0; p < count; ++p) {
        multiply<R>(weights_of_target(p), columns, first, columns, rows(p), partial);
        dev::block_barrier();
        if (warp() < R) {
          TBRNN_UNROLL
          for (int i = 0; i < lane_units; ++i)
            y[p][i] = over_partial<R>(partial, warp() * lane_units + i);
        }
        dev::block_barrier();
      }
      const int quad = first + warp() * lane_units;
      if (warp() < R && quad < own.end) use(quad, y);
    }
  }
};

}  // namespace tbrnn::cuda
