// The losses, in two stages: a sum over trials, time and channels, and the adjoint dL/do of each output, with w the mask.
//   squared error   L = (1 / sum w) sum w (o - y)^2,                  dL/do = 2 w (o - y) / sum w
//   logistic        L = (1 / sum w) sum w (log(1 + e^o) - y o),       dL/do = w (sigmoid(o) - y) / sum w
//   cross-entropy   L = (1 / sum w) sum w sum_c y_c (lse - o_c),      dL/do_c = w (e^(o_c - lse) sum y - y_c) / sum w
// The first two have an entry of w for each trial, time and channel; the cross-entropy one for each trial and time, and
// lse = log sum_c e^(o_c) is of the same trial and time.
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

template <class V>
TBRNN_FN V logistic_loss(V o, V y, V w, V sum) {
  return fma(w, softplus(o) - y * o, sum);
}

// `each` is 1 / sum w.
template <class V>
TBRNN_FN V logistic_loss_adjoint(V o, V y, V w, V each) {
  return each * w * (sigmoid(o) - y);
}

template <class V>
TBRNN_FN V cross_entropy(V o, V y, V lse, V w, V sum) {
  return fma(w * y, lse - o, sum);
}

// `softmax` is e^(o - lse), `total` the sum of y over the channels.
template <class V>
TBRNN_FN V cross_entropy_adjoint(V softmax, V y, V total, V w, V each) {
  return each * w * fma(softmax, total, -y);
}

}  // namespace tbrnn::inline TBRNN_ISA
