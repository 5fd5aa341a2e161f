// Networks of full rank, not scaled:
//   drive_i = sum_j W_ij r_j
// A model says how W comes from its parameters w [unit][unit], entry by entry, with the adjoint beneath.
#pragma once

#include <array>

#include "channels.hpp"

namespace tbrnn::inline TBRNN_ISA {

// The first `excitatory` units send positive weights, the others negative ones; of models with Dale's law.
struct Senders {
  int units, excitatory;
};

// W = w (Three-Body RNNs, RNN)
struct RNN : NoChannels {
  static constexpr const char* name = "RNN";
  static constexpr Recurrence recurrence = Recurrence::dense;
  static constexpr std::array tensors = {Tensor{"w_hh", 2}};

  template <class T>
  TBRNN_FN static T weight(const T* w, Senders s, int i, int j) {
    return w[i * s.units + j];
  }
  template <class T>
  TBRNN_FN static T weight_adjoint(const T*, Senders, int, int, T dW) {
    return dW;
  }
};

// W_ij = sign_j |w_ij|, W_ii = 0 (Zemlianova, Bose & Rinzel 2024): Dale's law by construction, one sign for each sending unit.
// The slope of |w| is 0 at 0, so a weight of exactly 0 stays.
struct EIRNN : NoChannels {
  static constexpr const char* name = "EIRNN";
  static constexpr Recurrence recurrence = Recurrence::dense;
  static constexpr std::array tensors = {Tensor{"w_hh", 2}};

  template <class T>
  TBRNN_FN static T weight(const T* w, Senders s, int i, int j) {
    const T size = w[i * s.units + j] < T(0) ? -w[i * s.units + j] : w[i * s.units + j];
    return i == j ? T(0) : j < s.excitatory ? size : -size;
  }
  template <class T>
  TBRNN_FN static T weight_adjoint(const T* w, Senders s, int i, int j, T dW) {
    const T own = w[i * s.units + j];
    if (i == j || own == T(0)) return T(0);
    return (own > T(0)) == (j < s.excitatory) ? dW : -dW;
  }
};

}  // namespace tbrnn::inline TBRNN_ISA
