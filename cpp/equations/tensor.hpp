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
  TBRNN_FN constexpr std::size_t at(int row) const {  // in an array [row][unit]
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(units);
  }
};

// use(i, row, place of W_ijk, place of W_ikj), j <= k
template <class Use>
TBRNN_FN void each_pair(int units, Use use) {
  const std::size_t n = static_cast<std::size_t>(units);
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t row = 0;
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t k = j; k < n; ++k, ++row)
        use(i, row, (i * n + j) * n + k, (i * n + k) * n + j);
  }
}

// S [row][unit] of the pairs
template <class T>
TBRNN_FN void pack_tensor(const T* w, int units, T factor, T* S) {
  each_pair(units, [=](std::size_t i, std::size_t row, std::size_t jk, std::size_t kj) {
    S[row * static_cast<std::size_t>(units) + i] = factor * (jk == kj ? w[jk] : w[jk] + w[kj]);
  });
}

// dS [row][columns], of which `units` exist
template <class T>
TBRNN_FN void pack_tensor_adjoint(const T* dS, int units, int columns, T factor, T* dw) {
  each_pair(units, [=](std::size_t i, std::size_t row, std::size_t jk, std::size_t kj) {
    dw[jk] = dw[kj] = factor * dS[row * static_cast<std::size_t>(columns) + i];
  });
}

struct TBRNN : NoChannels {
  static constexpr const char* name = "TBRNN";
  static constexpr Recurrence recurrence = Recurrence::pairs;
  static constexpr std::array tensors = {Tensor{"w_hh", 3}};
  static constexpr bool linear = false;

  template <class T>
  TBRNN_FN static void pack_rows(const T* p, int units, T factor, bool, T* S) {
    pack_tensor(p, units, factor, S);
  }
  template <class T>
  TBRNN_FN static void pack_rows_adjoint(const T*, int units, T factor, bool, const T* dS,
                                         int columns, T* dp) {
    pack_tensor_adjoint(dS, units, columns, factor, dp);
  }
};

struct HORNN : NoChannels {
  static constexpr const char* name = "HORNN";
  static constexpr Recurrence recurrence = Recurrence::pairs;
  static constexpr std::array tensors = {Tensor{"w_hh_rnn", 2}, Tensor{"w_hh_tbrnn", 3}};
  static constexpr bool has_gate = true;  // behind the tensors
  static constexpr bool linear = true;

  template <class T>
  TBRNN_FN static void pack_rows(const T* p, int units, T factor, bool gated, T* S) {
    const Places at(units);
    const Factors<T> f = LowRankHORNN::gate(p[at.gate], Factors<T>{factor, factor}, gated);
    pack_tensor(p + at.three, units, f.three, S);
    S += PairRows{units, true}.at(PairRows{units, true}.pairs());
    for (int j = 0; j < units; ++j)
      for (int i = 0; i < units; ++i) S[j * units + i] = f.two * p[i * units + j];
  }

  // dL/dgate = (1 - g) sum dW_ij W_ij - g sum dW_ijk W_ijk, the gradients of the weights with their shares g and 1 - g
  template <class T>
  TBRNN_FN static void pack_rows_adjoint(const T* p, int units, T factor, bool gated, const T* dS,
                                         int columns, T* dp) {
    const Places at(units);
    const Factors<T> f = LowRankHORNN::gate(p[at.gate], Factors<T>{factor, factor}, gated);
    pack_tensor_adjoint(dS, units, columns, f.three, dp + at.three);
    dS +=
        static_cast<std::size_t>(PairRows{units, true}.pairs()) * static_cast<std::size_t>(columns);
    for (int j = 0; j < units; ++j)
      for (int i = 0; i < units; ++i) dp[i * units + j] = f.two * dS[j * columns + i];
    const double g = 1.0 / (1.0 + std::exp(-static_cast<double>(p[at.gate])));
    const double two = product(p, dp, 0, at.three), three = product(p, dp, at.three, at.gate);
    dp[at.gate] = gated ? static_cast<T>((1.0 - g) * two - g * three) : T(0);
  }

 private:
  struct Places {  // in the parameters
    std::size_t three, gate;
    TBRNN_FN explicit Places(int units) {
      three = static_cast<std::size_t>(units) * static_cast<std::size_t>(units);
      gate = three + three * static_cast<std::size_t>(units);
    }
  };

  template <class T>
  TBRNN_FN static double product(const T* a, const T* b, std::size_t begin, std::size_t end) {
    double sum = 0;
    for (std::size_t i = begin; i < end; ++i)
      sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return sum;
  }
};

}  // namespace tbrnn::inline TBRNN_ISA
