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

// A pair j <= k that drives unit i: its row, and the places of W_ijk and W_ikj.
struct PairEntry {
  std::size_t row, jk, kj;
  TBRNN_FN PairEntry(int units, int i, int j, int k)
      : row(static_cast<std::size_t>(PairRows{units, false}.row(j, k))),
        jk(place(units, i, j, k)),
        kj(place(units, i, k, j)) {}

 private:
  TBRNN_FN static std::size_t place(int units, int i, int j, int k) {
    const auto n = static_cast<std::size_t>(units);
    return (static_cast<std::size_t>(i) * n + static_cast<std::size_t>(j)) * n +
           static_cast<std::size_t>(k);
  }
};

// S [row][columns], of which `units` columns exist
template <class T>
TBRNN_FN void pack_tensor(const T* w, int units, int i, int j, int k, T factor, T* S, int columns) {
  const PairEntry at(units, i, j, k);
  S[at.row * static_cast<std::size_t>(columns) + static_cast<std::size_t>(i)] =
      factor * (j == k ? w[at.jk] : w[at.jk] + w[at.kj]);
}

template <class T>
TBRNN_FN void pack_tensor_adjoint(const T* dS, int units, int i, int j, int k, int columns,
                                  T factor, T* dw) {
  const PairEntry at(units, i, j, k);
  dw[at.jk] = dw[at.kj] =
      factor * dS[at.row * static_cast<std::size_t>(columns) + static_cast<std::size_t>(i)];
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

// use(i, j, k) for the pairs j <= k that drive each unit i
template <class Use>
TBRNN_FN void each_pair(int units, Use use) {
  for (int i = 0; i < units; ++i)
    for (int j = 0; j < units; ++j)
      for (int k = j; k < units; ++k) use(i, j, k);
}

// The rows of all units; a model packs one pair that drives unit i, and with (j, j) what j alone sends to it.
template <class Model, class T>
TBRNN_FN void pack_rows(const T* p, int units, T factor, bool gated, T* S) {
  const Factors<T> f = Model::factors(p, units, factor, gated);
  each_pair(units, [&](int i, int j, int k) { Model::pack_row(p, units, i, j, k, f, S, units); });
}

template <class Model, class T>
TBRNN_FN void pack_rows_adjoint(const T* p, int units, T factor, bool gated, const T* dS,
                                int columns, T* dp) {
  const Factors<T> f = Model::factors(p, units, factor, gated);
  each_pair(units, [&](int i, int j, int k) {
    Model::pack_row_adjoint(dS, units, i, j, k, f, columns, dp);
  });
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
  TBRNN_FN static void pack_row(const T* p, int units, int i, int j, int k, Factors<T> f, T* S,
                                int columns) {
    pack_tensor(p, units, i, j, k, f.three, S, columns);
  }
  template <class T>
  TBRNN_FN static void pack_row_adjoint(const T* dS, int units, int i, int j, int k, Factors<T> f,
                                        int columns, T* dp) {
    pack_tensor_adjoint(dS, units, i, j, k, columns, f.three, dp);
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
  TBRNN_FN static void pack_row(const T* p, int units, int i, int j, int k, Factors<T> f, T* S,
                                int columns) {
    pack_tensor(p + PairPlaces(units).three, units, i, j, k, f.three, S, columns);
    if (j == k)
      S[linear_row(units, j, columns) + static_cast<std::size_t>(i)] = f.two * p[i * units + j];
  }
  template <class T>
  TBRNN_FN static void pack_row_adjoint(const T* dS, int units, int i, int j, int k, Factors<T> f,
                                        int columns, T* dp) {
    pack_tensor_adjoint(dS, units, i, j, k, columns, f.three, dp + PairPlaces(units).three);
    if (j == k)
      dp[i * units + j] = f.two * dS[linear_row(units, j, columns) + static_cast<std::size_t>(i)];
  }

  // two = sum dW_ij W_ij, three = sum dW_ijk W_ijk
  template <class T>
  TBRNN_FN static T gate_adjoint(T gate, bool gated, double two, double three) {
    const double g = LowRankHORNN::share(static_cast<double>(gate)),
                 dgate = LowRankHORNN::share_adjoint(g, two, three);
    return gated ? static_cast<T>(dgate) : T(0);
  }

 private:
  TBRNN_FN static std::size_t linear_row(int units, int j, int columns) {
    return static_cast<std::size_t>(PairRows{units, true}.pairs() + j) *
           static_cast<std::size_t>(columns);
  }
};

}  // namespace tbrnn::inline TBRNN_ISA
