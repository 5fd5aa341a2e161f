// Full three-body networks (Three-Body RNNs), not scaled:
//   TBRNN   drive_i = sum_jk W_ijk r_j r_k
//   HORNN   drive_i = sum_j W_ij r_j + sum_jk W_ijk r_j r_k, or with the published `adv` gate g = sigmoid(gate)
//           drive_i = g sum_j W_ij r_j + (1 - g) sum_jk W_ijk r_j r_k
// Only what is symmetric in j and k acts. With p_jk = r_j r_k for j <= k, and p_j = r_j behind them in the HORNN,
//   drive_i = sum_row S_row,i p_row,   S_jk,i = W_ijk + W_ikj (j < k), W_ijj (j = k),   S_j,i = W_ij.
// The parameters stay the published tensors, the part that does not act with the part that does: dS_jk,i is the gradient of W_ijk and of
// W_ikj, so both take equal steps, whatever optimiser, mask or norm works on the block, as if there were no S.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

#include "channels.hpp"
#include "hybrid.hpp"

namespace tbrnn::inline TBRNN_ISA {

// Rows of p: pairs (j, k), j <= k, ordered by j, then k; then the linear rows.
struct PairRows {
  int units;
  bool linear;
  TBRNN_FN constexpr int pairs() const { return units * (units + 1) / 2; }
  TBRNN_FN constexpr int count() const { return pairs() + (linear ? units : 0); }
  TBRNN_FN constexpr int row(int j, int k) const { return j * units - j * (j - 1) / 2 + k - j; }
  TBRNN_FN constexpr std::size_t at(int row) const {  // in an array [row][unit]
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(units);
  }
};

// use(row, place of W_ijk, place of W_ikj) for k = j, j + 1, ...
template <class Use>
TBRNN_FN void each_pair(int units, int i, int j, Use use) {
  const std::size_t n = static_cast<std::size_t>(units), first = static_cast<std::size_t>(j),
                    square = static_cast<std::size_t>(i) * n * n;
  std::size_t row = static_cast<std::size_t>(PairRows{units, false}.row(j, j));
  for (std::size_t k = first; k < n; ++k, ++row)
    use(row, square + first * n + k, square + k * n + first);
}

// S [row][columns] of the pairs (j, k >= j) that drive unit i; `units` columns exist
template <class T>
TBRNN_FN void pack_tensor(const T* w, int units, int i, int j, T factor, T* S, int columns) {
  each_pair(units, i, j, [=](std::size_t row, std::size_t jk, std::size_t kj) {
    S[row * static_cast<std::size_t>(columns) + static_cast<std::size_t>(i)] =
        factor * (jk == kj ? w[jk] : w[jk] + w[kj]);
  });
}

template <class T>
TBRNN_FN void pack_tensor_adjoint(const T* dS, int units, int i, int j, int columns, T factor,
                                  T* dw) {
  each_pair(units, i, j, [=](std::size_t row, std::size_t jk, std::size_t kj) {
    dw[jk] = dw[kj] =
        factor * dS[row * static_cast<std::size_t>(columns) + static_cast<std::size_t>(i)];
  });
}

// Where the tensor and the gate lie behind the matrix of a HORNN.
struct PairPlaces {
  std::size_t three, gate;
  TBRNN_FN explicit PairPlaces(int units) {
    three = static_cast<std::size_t>(units) * static_cast<std::size_t>(units);
    gate = three + three * static_cast<std::size_t>(units);
  }
};

template <class T>
TBRNN_FN double dot(const T* a, const T* b, std::size_t begin, std::size_t end) {
  double sum = 0;
  for (std::size_t i = begin; i < end; ++i)
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

// The rows of all units; a model packs those of one unit i that begin with unit j.
template <class Model, class T>
TBRNN_FN void pack_rows(const T* p, int units, T factor, bool gated, T* S) {
  const Factors<T> f = Model::factors(p, units, factor, gated);
  for (int i = 0; i < units; ++i)
    for (int j = 0; j < units; ++j) Model::pack_rows(p, units, i, j, f, S, units);
}

template <class Model, class T>
TBRNN_FN void pack_rows_adjoint(const T* p, int units, T factor, bool gated, const T* dS,
                                int columns, T* dp) {
  const Factors<T> f = Model::factors(p, units, factor, gated);
  for (int i = 0; i < units; ++i)
    for (int j = 0; j < units; ++j) Model::pack_rows_adjoint(dS, units, i, j, f, columns, dp);
  if constexpr (Model::has_gate) {
    const PairPlaces at(units);
    dp[at.gate] = Model::gate_adjoint(p[at.gate], gated, dot(p, dp, 0, at.three),
                                      dot(p, dp, at.three, at.gate));
  }
}

struct TBRNN : NoChannels {
  static constexpr const char* name = "TBRNN";
  static constexpr Recurrence recurrence = Recurrence::pairs;
  static constexpr std::array tensors = {Tensor{"w_hh", 3}};
  static constexpr bool linear = false;

  template <class T>
  TBRNN_FN static Factors<T> factors(const T*, int, T factor, bool) {
    return {factor, factor};
  }
  template <class T>
  TBRNN_FN static void pack_rows(const T* p, int units, int i, int j, Factors<T> f, T* S,
                                 int columns) {
    pack_tensor(p, units, i, j, f.three, S, columns);
  }
  template <class T>
  TBRNN_FN static void pack_rows_adjoint(const T* dS, int units, int i, int j, Factors<T> f,
                                         int columns, T* dp) {
    pack_tensor_adjoint(dS, units, i, j, columns, f.three, dp);
  }
};

struct HORNN : NoChannels {
  static constexpr const char* name = "HORNN";
  static constexpr Recurrence recurrence = Recurrence::pairs;
  static constexpr std::array tensors = {Tensor{"w_hh_rnn", 2}, Tensor{"w_hh_tbrnn", 3}};
  static constexpr bool has_gate = true;  // behind the tensors
  static constexpr bool linear = true;

  template <class T>
  TBRNN_FN static Factors<T> factors(const T* p, int units, T factor, bool gated) {
    return LowRankHORNN::gate(p[PairPlaces(units).gate], Factors<T>{factor, factor}, gated);
  }
  template <class T>
  TBRNN_FN static void pack_rows(const T* p, int units, int i, int j, Factors<T> f, T* S,
                                 int columns) {
    pack_tensor(p + PairPlaces(units).three, units, i, j, f.three, S, columns);
    S[linear_row(units, j, columns) + static_cast<std::size_t>(i)] = f.two * p[i * units + j];
  }
  template <class T>
  TBRNN_FN static void pack_rows_adjoint(const T* dS, int units, int i, int j, Factors<T> f,
                                         int columns, T* dp) {
    pack_tensor_adjoint(dS, units, i, j, columns, f.three, dp + PairPlaces(units).three);
    dp[i * units + j] = f.two * dS[linear_row(units, j, columns) + static_cast<std::size_t>(i)];
  }

  // dL/dgate = (1 - g) sum dW_ij W_ij - g sum dW_ijk W_ijk, the gradients of the weights with their shares g and 1 - g
  template <class T>
  TBRNN_FN static T gate_adjoint(T gate, bool gated, double two, double three) {
    const double g = 1.0 / (1.0 + std::exp(-static_cast<double>(gate)));
    return gated ? static_cast<T>((1.0 - g) * two - g * three) : T(0);
  }

 private:
  TBRNN_FN static std::size_t linear_row(int units, int j, int columns) {
    return static_cast<std::size_t>(PairRows{units, true}.pairs() + j) *
           static_cast<std::size_t>(columns);
  }
};

}  // namespace tbrnn::inline TBRNN_ISA
