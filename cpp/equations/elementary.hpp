// What tanh and sigmoid of both engines share: expm1 of a number that is not positive,
//   exp(2 y) = 2^n (1 + p),  n = round(2 y / ln 2),  p = expm1(2 g),  g = y - n ln 2 / 2,
// with a polynomial for p.
#pragma once

#include "portable.hpp"

namespace tbrnn::inline TBRNN_ISA {

template <class T>
inline constexpr int mantissa = sizeof(T) == 4 ? 23 : 52;  // bits of a number behind its exponent
template <class T>
inline constexpr T two_over_ln_2 = T(2.885390081777926814720);
template <class T>
inline constexpr T half_ln_2 = T(0.346573590279972654709);

// p = 2 g + g^2 (q0 + q1 g + ...), the bracket by its Horner scheme: minimax in float32 (relative error 1.3e-8), Taylor in float64
// (below 1e-17)
template <class T>
struct Series;

template <>
struct Series<float> {
  static constexpr float to_integer =
      0x1.8p23f + 127;  // adding it rounds to an integer, exponent bias included
  static constexpr float smallest = -43.5f;   // exp(2 y) stays normal
  static constexpr float saturated = -10.0f;  // tanh y is -1

  template <class V>
  TBRNN_FN static V tail(V g) {
    V q(0x1.6becp-4f);
    q = fma(q, g, V(0x1.12279cp-2f));
    q = fma(q, g, V(0x1.555674p-1f));
    q = fma(q, g, V(0x1.5554bp+0f));
    return fma(q, g, V(0x1.fffffep+0f));
  }
};

template <>
struct Series<double> {
  static constexpr double to_integer = 0x1.8p52 + 1023;
  static constexpr double smallest = -354.0, saturated = -20.0;

  template <class V>
  TBRNN_FN static V tail(V g) {  // q_k = 2^(k + 2) / (k + 2)!
    V q(8.0 / 42567525.0);
    q = fma(q, g, V(8.0 / 6081075.0));
    q = fma(q, g, V(4.0 / 467775.0));
    q = fma(q, g, V(8.0 / 155925.0));
    q = fma(q, g, V(4.0 / 14175.0));
    q = fma(q, g, V(4.0 / 2835.0));
    q = fma(q, g, V(2.0 / 315.0));
    q = fma(q, g, V(8.0 / 315.0));
    q = fma(q, g, V(4.0 / 45.0));
    q = fma(q, g, V(4.0 / 15.0));
    q = fma(q, g, V(2.0 / 3.0));
    q = fma(q, g, V(4.0 / 3.0));
    return fma(q, g, V(2.0));
  }
};

}  // namespace tbrnn::inline TBRNN_ISA
