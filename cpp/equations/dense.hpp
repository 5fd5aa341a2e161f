// Full-rank network (Three-Body RNNs, RNN), not scaled:
//   drive_i = sum_j W_ij r_j
#pragma once

#include <array>

#include "channels.hpp"

namespace tbrnn::inline TBRNN_ISA {

struct RNN : NoChannels {
  static constexpr const char* name = "RNN";
  static constexpr Recurrence recurrence = Recurrence::dense;
  static constexpr std::array tensors = {Tensor{"w_hh", 2}};

  // W from the parameters w [unit][unit], entry by entry
  template <class T>
  TBRNN_FN static T weight(const T* w, int units, int i, int j) {
    return w[i * units + j];
  }
  template <class T>
  TBRNN_FN static T weight_adjoint(const T*, int, int, int, T dW) {
    return dW;
  }
};

}  // namespace tbrnn::inline TBRNN_ISA
