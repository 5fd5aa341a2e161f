// y [row][32] = sum_k A_k,row b_k[32] for a panel of R rows, in a block. The k have 32 slices, one for each quarter of a warp, whose
// lanes take four trials each; the slices are added in order.
//
//   a weight is read once for 32 trials; for one k a lane has R / 4 + 1 loads of four numbers and 4 R fma
//
// b are rows in memory, r_k or e_k. The pairs are in team_pairs.cuh.
#pragma once

#include <type_traits>

#include "team_pairs.cuh"

namespace tbrnn::cuda {

__device__ inline int slice() { return dev::thread() / 8; }
__device__ inline int trial_quad() { return dev::thread() % 8 * lane_units; }

// Sums of a lane: R rows at four trials.
template <int R, class T>
struct PanelSums {
  Number<T> sum[R][lane_units];

  __device__ PanelSums() {
    TBRNN_UNROLL
    for (int i = 0; i < R; ++i) TBRNN_UNROLL
    for (int q = 0; q < lane_units; ++q) sum[i][q] = Number<T>(T(0));
  }

  // += w_k b_k over `count` rows of weights in whole quads, the first at `weights`; b [row][32]
  __device__ void add(const T* weights, int stride, const int (&quads)[R / lane_units], const T* b,
                      int count) {
    using V = Number<T>;
    b += trial_quad();
    TBRNN_UNROLL_TIMES(4)
    for (int k = 0; k < count; ++k, weights += stride, b += tile_trials) {
      const Quad<T> value = quad_at(b);
      TBRNN_UNROLL
      for (int i = 0; i < R; i += lane_units) {
        const Quad<T> w = quad_at(weights + quads[i / lane_units]);
        TBRNN_UNROLL
        for (int row = 0; row < lane_units; ++row) TBRNN_UNROLL
        for (int q = 0; q < lane_units; ++q)
          sum[i + row][q] = fma(V(w.v[row]), V(value.v[q]), sum[i + row][q]);
      }
    }
  }

  __device__ void save(T* partial) const {
    TBRNN_UNROLL
    for (int i = 0; i < R; ++i) {
      Quad<T> four;
      TBRNN_UNROLL
      for (int q = 0; q < lane_units; ++q) four.v[q] = sum[i][q].v;
      *reinterpret_cast<Quad<T>*>(partial + (slice() * R + i) * tile_trials + trial_quad()) = four;
    }
  }
};

// The part of `count` rows that a slice has.
struct SliceOf {
  int begin, end;
  __device__ explicit SliceOf(int count)
      : begin(count * slice() / slices), end(count * (slice() + 1) / slices) {}
};

// Row `row` of a panel, at the lane's trial: four sums of every fourth slice.
template <int R, class T>
__device__ Number<T> over_slices(const T* partial, int row) {
  Number<T> sum[4];
  TBRNN_UNROLL
  for (int i = 0; i < 4; ++i) sum[i] = Number<T>(T(0));
  TBRNN_UNROLL_TIMES(2)
  for (int s = 0; s < slices; s += 4) {
    TBRNN_UNROLL
    for (int i = 0; i < 4; ++i)
      sum[i] = sum[i] + Number<T>(partial[((s + i) * R + row) * tile_trials + lane()]);
  }
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

// use(k, sum_n P_nk rows_n) for the channels k = 0 ... count - 1 of weights [unit][stride], each in one warp; every thread calls it.
template <class T, class Use>
__device__ void each_channel(const T* weights, int stride, int count, const T* rows, int units,
                             T* partial, Use use) {
  constexpr int R = 4;
  const SliceOf mine(units);
  for (int first = 0; first < count; first += R) {
    PanelSums<R, T> y;
    for (int n = mine.begin; n < mine.end; ++n) {
      const Quad<T> r = quad_at(rows_from(rows, n) + trial_quad());
      TBRNN_UNROLL
      for (int i = 0; i < R; ++i) {
        const Number<T> w(weights[n * stride + (first + i < count ? first + i : first)]);
        TBRNN_UNROLL
        for (int q = 0; q < lane_units; ++q) y.sum[i][q] = fma(w, Number<T>(r.v[q]), y.sum[i][q]);
      }
    }
    y.save(partial);
    dev::block_barrier();
    if (warp() < R && first + warp() < count) use(first + warp(), over_slices<R>(partial, warp()));
    dev::block_barrier();
  }
}

// Rows of TeamMemory's partial sums.
template <class Model, class T>
inline constexpr int partial_rows =
    Product<Model>::pairs&& PairMemory<T>::rows > TeamMemory<T>::least_rows
        ? PairMemory<T>::rows
        : TeamMemory<T>::least_rows;

// The product stage of a network, which a channel model has where a fixed matrix is beside its channels.
template <class Model, class T>
struct TeamProduct {
  static constexpr bool pairs = Product<Model>::pairs, linear = Product<Model>::linear(),
                        split = splits_pairs<Model>;
  static constexpr int targets = Product<Model>::targets;
  static constexpr int R = panel_units;
  using Weights = std::conditional_t<pairs, T, const T>;

  const Shape<T>& shape;
  Weights *weights, *pulls;  // [row][columns]; of pairs in panels

  __device__ TeamProduct(const Shape<T>& s, const Packed<T>& packed) : shape(s) {
    const std::size_t columns = static_cast<std::size_t>(s.columns()),
                      rows = static_cast<std::size_t>(s.product_rows);
    if constexpr (!Product<Model>::exists) {
      weights = s.matrix;
      pulls = weights + static_cast<std::size_t>(s.units) * columns;
    } else if constexpr (pairs) {
      weights = packed.product + rows * columns;
      pulls = weights + drives().size();
    } else {
      weights = packed.product;
      pulls = weights + rows * columns;
    }
  }
  __device__ bool exists() const { return Product<Model>::exists || shape.bulk; }
  __device__ PairPanels drives() const { return {shape.units, true, linear, split}; }
  __device__ PairPanels adjoints() const { return {shape.units, false, linear, split}; }

  // use(unit, y [target]) in a warp for each of the block's units, y from the carriers r
  template <class Use>
  __device__ void drive(const OwnUnits& own, const T* r, T* partial, Use use) const {
    if constexpr (pairs)
      each_sum_of_pairs<split, T>(drives(), weights, r, r, own, use);
    else
      each_panel<targets>(own, partial, use, [&](int first, int target) {
        return of_matrix(weights, target * shape.units, first, r, shape.units);
      });
  }

  // the same with g from e [target][unit]
  template <class Use>
  __device__ void pull(const OwnUnits& own, const T* r, const T* e, T* partial, Use use) const {
    if constexpr (pairs)
      each_sum_of_pairs<split, T>(adjoints(), pulls, r, e, own, use);
    else
      each_panel<1>(own, partial, use, [&](int first, int) {
        return of_matrix(pulls, 0, first, e, targets * shape.units);
      });
  }

 private:
  using Sums = PanelSums<R, T>;

  // use(unit, sums [count]), y of sums(first unit of the panel, 0 ... count - 1)
  template <int count, class Use, class Of>
  __device__ void each_panel(const OwnUnits& own, T* partial, Use use, Of sums) const {
    for (int first = own.begin; first < own.end; first += R) {
      Number<T> y[count];
      TBRNN_UNROLL
      for (int p = 0; p < count; ++p) {
        sums(first, p).save(partial);
        dev::block_barrier();
        if (warp() < R) y[p] = over_slices<R>(partial, warp());
        dev::block_barrier();
      }
      if (warp() < R && first + warp() < own.end) use(first + warp(), y);
    }
  }

  // of `count` rows b from row `from` on
  __device__ Sums of_matrix(const T* matrix, int from, int first, const T* b, int count) const {
    const int columns = shape.columns();
    const SliceOf mine(count);
    int quads[R /
              lane_units];  // units behind the last are read as others, and nobody uses their sums
    TBRNN_UNROLL
    for (int i = 0; i < R / lane_units; ++i) {
      const int unit = first + i * lane_units;
      quads[i] = unit < columns ? unit : first;
    }
    Sums y;
    y.add(matrix + static_cast<std::size_t>(from + mine.begin) * static_cast<std::size_t>(columns),
          columns, quads, rows_from(b, mine.begin), mine.end - mine.begin);
    return y;
  }
};

}  // namespace tbrnn::cuda
