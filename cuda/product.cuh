// The product stage of a step: what all units send to each unit, beside the channels.
//   dense   y_i = sum_k W_ik r_k, with a matrix for each pre-activation of a unit
//   pairs   y_i = sum_row S_row,i p_row, p_jk = r_j r_k (j <= k), and with a linear part p_k = r_k behind them
// Its adjoint and its gradient, with A_row = sum_i S_row,i e_i:
//   g_j = sum_k A_jk r_k, the diagonal twice, + A_j of the linear rows      dense   g_k = sum_i W_ik e_i
//   dS_row,i = sum p_row e_i over steps and trials                                  dW_ik = sum r_k e_i
// A row holds one weight of every unit. The rows of one pre-activation follow those of another.
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
  TBRNN_FN static constexpr int linear_rows(int units) { return linear() ? targets * units : 0; }
  TBRNN_FN static constexpr int rows(int units) { return pair_rows(units) + linear_rows(units); }
  TBRNN_FN static constexpr int pulls(int units) { return pair_pulls(units) + linear_rows(units); }
  TBRNN_FN static constexpr int rows_of_target(int units) { return rows(units) / targets; }
};

// Shared memory of a block whose trial has a product stage, behind TileMemory.
template <class Model, class T>
struct ProductMemory {
  struct alignas(2) Pair {
    unsigned char j, k;
  };
  T* r;        // [columns]: the carriers, 0 behind the units
  T* e;        // [target][columns]: the adjoints
  T* p;        // [row of a target]: what the rows are multiplied with, 0 behind them
  T* linear;   // [target][unit]: A of the linear rows
  T* square;   // [j][columns]: A of the pairs, 0 behind the units
  T* g;        // [columns]
  Pair* pair;  // [row]
  T* weights;  // [row][columns], if there is room
  std::size_t bytes_before_weights, bytes;

  TBRNN_FN ProductMemory(const Shape<T>& shape, unsigned char* at) : bytes(0) {
    using P = Product<Model>;
    const int units = shape.units, columns = shape.columns();
    const auto next = [&](int entries) {
      const std::size_t first = bytes;
      bytes += sizeof(T) * static_cast<std::size_t>(whole_quads(entries));
      return at ? reinterpret_cast<T*>(at + first) : nullptr;
    };
    r = next(columns);
    e = next(P::targets * columns);
    p = P::pairs ? next(P::rows_of_target(units)) : r;
    linear = next(P::linear_rows(units));
    square = next(P::pairs ? units * columns : 0);
    g = next(P::pairs ? columns : 0);
    pair = reinterpret_cast<Pair*>(next(P::pair_rows(units) / 2 + 1));  // two fit in a number
    bytes_before_weights = bytes;
    weights = next(shape.product_rows * columns);
  }
};

}  // namespace tbrnn::cuda
