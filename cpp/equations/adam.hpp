// Adam (Kingma & Ba 2015): epsilon is added after the bias-corrected square root.
//   m <- beta1 m + (1 - beta1) g      v <- beta2 v + (1 - beta2) g^2
//   p <- p - lr / (1 - beta1^t) m / (sqrt(v / (1 - beta2^t)) + epsilon)
// AdamW (Loshchilov & Hutter 2019) shrinks the weight first: p <- (1 - lr decay) p
#pragma once

#include <cmath>

#include "portable.hpp"

namespace tbrnn::inline TBRNN_ISA {

struct AdamStep {  // the constants of one step
  double rate;     // lr / (1 - beta1^t)
  double root;     // 1 / sqrt(1 - beta2^t)
};

inline constexpr double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;

TBRNN_FN AdamStep adam_step(double lr, long step) {
  return {lr / (1.0 - std::pow(beta1, static_cast<double>(step))),
          1.0 / std::sqrt(1.0 - std::pow(beta2, static_cast<double>(step)))};
}

template <class T>
TBRNN_FN void adam(AdamStep step, T g, T& m, T& v, T& p) {
  m = T(beta1) * m + T(1.0 - beta1) * g;
  v = T(beta2) * v + T(1.0 - beta2) * g * g;
  p -= T(step.rate) * m / (std::sqrt(v) * T(step.root) + T(epsilon));
}

template <class T>
TBRNN_FN void shrink(double lr, double decay, T& p) {
  p *= T(1.0 - lr * decay);
}

}  // namespace tbrnn::inline TBRNN_ISA
