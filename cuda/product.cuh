// The product stage of a step: what all units send to each unit, beside the channels.
//   dense   y_i = sum_k W_ik r_k, with a matrix for each pre-activation of a unit
//   pairs   y_i = sum_j r_j sum_{k >= j} S_jk,i r_k, and with a linear part as dense
// Its adjoint and its gradient:
//   g_k = sum_j r_j sum_i D_ji,k e_i, D_ji,k = S_jk,i (j != k), 2 S_jj,i      g_k = sum_i W_ik e_i
//   dS_jk,i = sum e_i r_j r_k over steps and trials                           dW_ik = sum e_i r_k
// A row holds one weight of every unit, so the lanes of a trial read it whole; r and e of all its units lie in the history.
#pragma once

#include "equations/models.hpp"
#include "lane.cuh"

namespace tbrnn::cuda {

template <class Model>
struct Product {
  static constexpr bool dense = has_matrix(Model::recurrence),
                        pairs = Model::recurrence == Recurrence::pairs, exists = dense || pairs;
  static constexpr int targets = exists ? preactivations_of<Model> : 1;  // that rows r_k drive
  static constexpr bool linear() {
    if constexpr (pairs) return Model::linear;
    return dense;
  }
  TBRNN_FN static constexpr int pair_rows(int units) { return pairs ? units * (units + 1) / 2 : 0; }
  TBRNN_FN static constexpr int pair_pulls(int units) { return pairs ? units * units : 0; }
  TBRNN_FN static constexpr int rows(int units) {
    return pair_rows(units) + (linear() ? targets * units : 0);
  }
  TBRNN_FN static constexpr int pulls(int units) {
    return pair_pulls(units) + (linear() ? targets * units : 0);
  }
};

__device__ inline std::size_t place(int t) {
  return static_cast<std::size_t>(t) * block_threads + static_cast<std::size_t>(dev::thread());
}

// [unit] of one of the trials that the block works on
template <class T, int lanes>
__device__ const T* units_of(const Quad<T>* saved, int t, int trial) {
  return reinterpret_cast<const T*>(saved + static_cast<std::size_t>(t) * block_threads +
                                    trial * lanes);
}

// sum += sum_row weight(row) from(row); returns the rows behind them
template <class T>
__device__ const T* add_rows(const T* weights, int columns, const T* from, int rows,
                             Number<T> (&sum)[lane_units]) {
  for (int row = 0; row < rows; ++row, weights += columns) {
    const Quad<T> w = *reinterpret_cast<const Quad<T>*>(weights);
    const Number<T> r(from[row]);
    TBRNN_UNROLL
    for (int i = 0; i < lane_units; ++i) sum[i] = fma(Number<T>(w.v[i]), r, sum[i]);
  }
  return weights;
}

// For each j: sum += r_j (the sum over rows(j) of weights and what `from` begins with at first(j))
template <class T, class First>
__device__ const T* add_pairs(const T* weights, int units, int columns, const T* r, const T* from,
                              First first, Number<T> (&sum)[lane_units]) {
  for (int j = 0; j < units; ++j) {
    Number<T> inner[lane_units];
    TBRNN_UNROLL
    for (int i = 0; i < lane_units; ++i) inner[i] = Number<T>(T(0));
    weights = add_rows(weights, columns, from + first(j), units - first(j), inner);
    TBRNN_UNROLL
    for (int i = 0; i < lane_units; ++i) sum[i] = fma(Number<T>(r[j]), inner[i], sum[i]);
  }
  return weights;
}

// y of the lane's units
template <class Model, class T, int lanes>
__device__ void drive_of_product(const Shape<T>& shape, const Packed<T>& packed,
                                 const History<T>& history, int t,
                                 Number<T> (&y)[Product<Model>::targets][lane_units]) {
  const int unit = Group<lanes>::unit(0), columns = shape.columns();
  TBRNN_UNROLL
  for (int p = 0; p < Product<Model>::targets; ++p) TBRNN_UNROLL
  for (int i = 0; i < lane_units; ++i) y[p][i] = Number<T>(T(0));
  if (unit >= shape.units) return;
  const T* r = units_of<T, lanes>(history.carrier, t, Group<lanes>::trial());
  const T* weights = packed.product + unit;
  if constexpr (Product<Model>::pairs)
    weights = add_pairs(
        weights, shape.units, columns, r, r, [](int j) { return j; }, y[0]);
  if constexpr (Product<Model>::linear()) {
    TBRNN_UNROLL
    for (int p = 0; p < Product<Model>::targets; ++p)
      weights = add_rows(weights, columns, r, shape.units, y[p]);
  }
}

// g of the lane's units, from e of step t
template <class Model, class T, int lanes>
__device__ void pull_of_product(const Shape<T>& shape, const Packed<T>& packed,
                                const History<T>& history, int t, Number<T> (&g)[lane_units]) {
  const int unit = Group<lanes>::unit(0), columns = shape.columns();
  TBRNN_UNROLL
  for (int i = 0; i < lane_units; ++i) g[i] = Number<T>(T(0));
  if (unit >= shape.units) return;
  constexpr int targets = Product<Model>::targets;
  const auto adjoint = [&](int p) {
    return units_of<T, lanes>(history.adjoint, t * targets + p, Group<lanes>::trial());
  };
  const T* weights = packed.product + static_cast<std::size_t>(shape.product_rows * columns + unit);
  if constexpr (Product<Model>::pairs) {
    const T* r = units_of<T, lanes>(history.carrier, t, Group<lanes>::trial());
    weights = add_pairs(
        weights, shape.units, columns, r, adjoint(0), [](int) { return 0; }, g);
  }
  if constexpr (Product<Model>::linear()) {
    TBRNN_UNROLL
    for (int p = 0; p < targets; ++p)
      weights = add_rows(weights, columns, adjoint(p), shape.units, g);
  }
}

// A thread's share of the gradient: rows (j, k ... k + 3), or the linear rows of k to one target where j is the number of units, and
// units i ... i + 3.
struct ProductItem {
  int j, k, i, target;

  // false behind the last item
  template <class Model, class T>
  __device__ bool find(const Shape<T>& shape, int item) {
    const int quads = shape.columns() / lane_units;
    i = item % quads * lane_units;
    item /= quads;
    target = 0;
    for (j = Product<Model>::pairs ? 0 : shape.units; j < shape.units; ++j) {
      const int first = j / lane_units;
      k = (first + item) * lane_units;
      if (item < quads - first) return true;
      item -= quads - first;
    }
    k = item % quads * lane_units;
    target = item / quads;
    return Product<Model>::linear() && target < Product<Model>::targets;
  }
  template <class T>
  __device__ int row(const Shape<T>& shape, int first_linear) const {  // of k
    return j < shape.units ? PairRows{shape.units, false}.row(j, k)
                           : first_linear + target * shape.units + k;
  }
};

// dS [row][columns] (+)= the sums over the steps and trials that lie in the history; `first` starts them
template <class Model, class T, int lanes>
__device__ void add_product_gradient(const Shape<T>& shape, int steps, const History<T>& history,
                                     bool first, T* dS) {
  using V = Number<T>;
  constexpr int targets = Product<Model>::targets;
  ProductItem at;
  for (int item = dev::thread(); at.template find<Model>(shape, item); item += block_threads) {
    V sum[lane_units][lane_units];
    TBRNN_UNROLL
    for (int k = 0; k < lane_units; ++k) TBRNN_UNROLL
    for (int i = 0; i < lane_units; ++i) sum[k][i] = V(T(0));
    const bool linear = at.j == shape.units;
    for (int t = 0; t < steps; ++t)
      for (int trial = 0; trial < Group<lanes>::trials; ++trial) {
        const T* r = units_of<T, lanes>(history.carrier, t, trial);
        const T* e = units_of<T, lanes>(history.adjoint, t * targets + at.target, trial);
        const Quad<T> r_k = *reinterpret_cast<const Quad<T>*>(r + at.k),
                      e_i = *reinterpret_cast<const Quad<T>*>(e + at.i);
        const V r_j(linear ? T(1) : r[at.j]);
        TBRNN_UNROLL
        for (int i = 0; i < lane_units; ++i) {
          const V pulled = r_j * V(e_i.v[i]);
          TBRNN_UNROLL
          for (int k = 0; k < lane_units; ++k) sum[k][i] = fma(pulled, V(r_k.v[k]), sum[k][i]);
        }
      }
    const int row = at.row(shape, Product<Model>::pair_rows(shape.units));
    TBRNN_UNROLL
    for (int k = 0; k < lane_units; ++k) {
      if (at.k + k >= shape.units || (!linear && at.k + k < at.j)) continue;
      T* to = dS + (row + k) * shape.columns() + at.i;
      TBRNN_UNROLL
      for (int i = 0; i < lane_units; ++i) to[i] = first ? sum[k][i].v : to[i] + sum[k][i].v;
    }
  }
}

}  // namespace tbrnn::cuda
