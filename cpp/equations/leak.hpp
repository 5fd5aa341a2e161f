// The leaky step in both forms, alpha = dt / tau, leak = 1 - alpha:
//
//   rate      x <- leak x + [alpha (drive(r) + W_in u + b)] + sigma xi,   r = phi(x)
//   voltage   x <- leak x + alpha phi(drive(x) + W_in u + b) + sigma xi
//
// In rate form alpha is folded into the packed weights, so the bracket is the sum over channels itself.
// Source: Beyond linear summation: Three-Body RNNs (published code: cont mode; disc mode is alpha = 1, sigma = 0).
#pragma once

#include "portable.hpp"

namespace tbrnn::inline TBRNN_ISA {

template <class V>
TBRNN_FN V leak_rate(V x, V v, V leak) {  // v: the bracket, or the first terms of its sum
  return fma(leak, x, v);
}

template <class V>
TBRNN_FN V leak_voltage(V x, V h_phi, V leak, V alpha) {
  return fma(leak, x, alpha * h_phi);
}

// Adjoint of either form with respect to x, lambda' being the adjoint of the next state and g what arrives through the
// channels (for the rate form through the rates):
//   rate      lambda = leak lambda' + phi'(x) g
//   voltage   lambda = leak lambda' + g,  and  e = alpha phi'(h) lambda reaches the pre-activation h
template <class V>
TBRNN_FN V leak_rate_adjoint(V lambda_next, V g, V slope, V leak) {
  return fma(slope, g, leak * lambda_next);
}

template <class V>
TBRNN_FN V leak_voltage_adjoint(V lambda_next, V g, V leak) {
  return fma(leak, lambda_next, g);
}

// Units with a leak of their own: alpha_n for each, and a cubic -gamma x^3 that saturates softly. With cubic = alpha_n gamma, and v
// the bracket of the rate form (without alpha) or phi(..) of the voltage form:
//   x <- x (leak - cubic x^2) + alpha_n v + sigma xi
template <class V>
TBRNN_FN V own_leak(V x, V v, V leak, V alpha, V cubic) {
  return fma(alpha, v, x * fma(-cubic * x, x, leak));
}

// What the next state's adjoint lambda' gives x directly: lambda' (leak - 3 cubic x^2).
template <class V>
TBRNN_FN V own_leak_adjoint(V lambda_next, V x, V leak, V cubic) {
  return lambda_next * fma(V(-3) * cubic * x, x, leak);
}

template <class V>
TBRNN_FN V preactivation_adjoint(V lambda, V slope, V alpha) {
  return alpha * slope * lambda;
}

}  // namespace tbrnn::inline TBRNN_ISA
