// Nonlinearities phi and their slopes, the slope in terms of the value r = phi(x), which is all that is saved.
// V is a number or a pack of numbers; tanh, exp, log1p, maximum and select are found for either.
#pragma once

#include "choices.hpp"
#include "portable.hpp"

namespace tbrnn::inline TBRNN_ISA {

template <class V>
TBRNN_FN V phi(Nonlinearity kind, V x) {
  switch (kind) {
    case Nonlinearity::tanh: return tanh(x);
    case Nonlinearity::relu: return maximum(V(0), x);
    case Nonlinearity::sigmoid: return sigmoid(x);
    case Nonlinearity::softplus: return softplus(x);
    case Nonlinearity::identity: break;
  }
  return x;
}

// tanh' = 1 - r^2;  relu' = [r > 0];  sigmoid' = r (1 - r);  softplus' = 1 - exp(-r);  identity' = 1
template <class V>
TBRNN_FN V slope(Nonlinearity kind, V r) {
  switch (kind) {
    case Nonlinearity::tanh: return fma(-r, r, V(1));
    case Nonlinearity::relu: return positive(r);
    case Nonlinearity::sigmoid: return fma(-r, r, r);
    case Nonlinearity::softplus: return -expm1(-r);
    case Nonlinearity::identity: break;
  }
  return V(1);
}

// With its parameters: phi(x) = height f(gain (x - shift)) and phi'(x) = height gain f', with f' in terms of f = r / height.
template <class V, class T>
TBRNN_FN V phi(const Activation<T>& a, V x) {
  if (a.plain()) return phi(a.kind, x);
  const V y = V(a.gain) * (x - V(a.shift));
  return V(a.height) * (a.leak > T(0) ? maximum(V(a.leak) * y, y) : phi(a.kind, y));
}

template <class V, class T>
TBRNN_FN V slope(const Activation<T>& a, V r) {
  if (a.plain()) return slope(a.kind, r);
  const V below = V(a.leak);
  const V f =
      a.leak > T(0) ? fma(positive(r), V(1) - below, below) : slope(a.kind, V(T(1) / a.height) * r);
  return V(a.height * a.gain) * f;
}

}  // namespace tbrnn::inline TBRNN_ISA
