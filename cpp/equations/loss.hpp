// Masked mean squared error, in two stages:
//   L = (1 / sum w) sum w (o - y)^2,     dL/do = 2 w (o - y) / sum w
// with w the mask, one entry for each trial, time and channel.
#pragma once

#include "portable.hpp"

namespace tbrnn::inline TBRNN_ISA {

template <class V>
TBRNN_FN V squared_error(V o, V y, V w, V sum) {
  const V error = o - y;
  return fma(w * error, error, sum);
}

// `twice` is 2 / sum w.
template <class V>
TBRNN_FN V squared_error_adjoint(V o, V y, V w, V twice) {
  return twice * w * (o - y);
}

}  // namespace tbrnn::inline TBRNN_ISA
