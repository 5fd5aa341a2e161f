// tanh, sigmoid and softplus of packs. tanh and sigmoid share expm1 of a number that is not positive:
//   exp(2 y) = 2^n (1 + p),  n = round(2 y / ln 2),  p = expm1(2 g),  g = y - n ln 2 / 2
// with a polynomial for p (relative error 1.3e-8 in float32, below 1e-17 in float64). One true division; exact
// saturation at 1; relative accuracy at 0.
#pragma once

#include "cpu/simd.hpp"
#include "cpu/tanh_table.hpp"

namespace tbrnn::inline TBRNN_ISA {

// p = 2 g + g^2 (q0 + q1 g + ...): minimax in float32, Taylor (q_k = 2^(k+2) / (k+2)!) in float64
template <class T>
struct Series;

template <>
struct Series<float> {
  static constexpr int degree = 4;
  static constexpr float q[] = {0x1.fffffep+0f, 0x1.5554bp+0f, 0x1.555674p-1f, 0x1.12279cp-2f,
                                0x1.6becp-4f};
  static constexpr float to_integer =
      0x1.8p23f + 127;  // adding it rounds to an integer, exponent bias included
  static constexpr int mantissa = 23;
  static constexpr float smallest = -43.5f;  // exp(2 y) stays normal
};

template <>
struct Series<double> {
  static constexpr int degree = 12;
  static constexpr double q[] = {2.0,
                                 4.0 / 3.0,
                                 2.0 / 3.0,
                                 4.0 / 15.0,
                                 4.0 / 45.0,
                                 8.0 / 315.0,
                                 2.0 / 315.0,
                                 4.0 / 2835.0,
                                 4.0 / 14175.0,
                                 8.0 / 155925.0,
                                 4.0 / 467775.0,
                                 8.0 / 6081075.0,
                                 8.0 / 42567525.0};
  static constexpr double to_integer = 0x1.8p52 + 1023;
  static constexpr int mantissa = 52;
  static constexpr double smallest = -354.0;
};

template <class P>
struct Exponential {  // exp(2 y) = power (1 + p)
  P power;
  P p;
};

template <class T, int n>
TBRNN_PACK Exponential<Pack<T, n>> exponential(Pack<T, n> y) {  // smallest <= y <= 0
  using P = Pack<T, n>;
  using S = Series<T>;
  const P shifted = fma(y, P(T(2.885390081777926814720)), P(S::to_integer));  // 2 / ln 2
  const P whole = shifted - P(S::to_integer);
  const P g = fma(whole, P(T(-0.346573590279972654709)), y);  // ln 2 / 2
  P q(S::q[S::degree]);
  unroll<S::degree>([&](auto k) TBRNN_INLINED { q = fma(q, g, P(S::q[S::degree - 1 - k])); });
  return {P::of_bits(shifted.bits() << S::mantissa), fma(g * g, q, g + g)};
}

// tanh y = e / (2 + e) with e = expm1(2 y), y = -|x|, and the sign of x
template <class T, int n>
TBRNN_PACK Pack<T, n> tanh(Pack<T, n> x) {
  using P = Pack<T, n>;
  const P y = maximum(P(T(sizeof(T) == 4 ? -10 : -20)), P::of_bits(x.bits() | sign_bit(x)));
  const auto [power, p] = exponential(y);
  const P e = fma(power, p, power - P(T(1)));
  const P value = e / (e + P(T(2)));
  return P::of_bits(value.bits() ^ (~x.bits() & sign_bit(x)));
}

// sigmoid x = 1 / (1 + E) for x >= 0, E / (1 + E) for x < 0, with E = exp(-|x|)
template <class T, int n>
TBRNN_PACK Pack<T, n> sigmoid(Pack<T, n> x) {
  using P = Pack<T, n>;
  const auto [power, p] = exponential(maximum(P(Series<T>::smallest), P(T(-0.5)) * magnitude(x)));
  const P E = fma(power, p, power);
  return select(x < P(T(0)), E, P(T(1))) / (P(T(1)) + E);
}

// exp x for x <= 0, of the smallest x on a normal number
template <class T, int n>
TBRNN_PACK Pack<T, n> exp(Pack<T, n> x) {
  using P = Pack<T, n>;
  const auto [power, p] = exponential(maximum(P(Series<T>::smallest), P(T(0.5)) * x));
  return fma(power, p, power);
}

template <class T, int n, class Function>
Pack<T, n> lanewise(Pack<T, n> x, Function function) {
  T lane[Pack<T, n>::lanes];
  x.store(lane);
  for (T& value : lane) value = static_cast<T>(function(value));
  return Pack<T, n>::load(lane);
}

// softplus x = max(x, 0) + log1p(exp(-|x|))
template <class T, int n>
Pack<T, n> softplus(Pack<T, n> x) {
  return maximum(Pack<T, n>(T(0)), x) + lanewise(x, [](T value) {
           return __builtin_log1p(__builtin_exp(-__builtin_fabs(value)));
         });
}

template <class T, int n>
Pack<T, n> log(Pack<T, n> x) {
  return lanewise(x, [](T value) { return __builtin_log(value); });
}

template <class T, int n>
Pack<T, n> expm1(Pack<T, n> x) {
  return lanewise(x, [](T value) { return __builtin_expm1(value); });
}

template <class T, int n>
TBRNN_PACK Pack<T, n> positive(Pack<T, n> r) {  // 1 where r > 0, else 0
  using P = Pack<T, n>;
  return select(P(T(0)) < r, P(T(1)), P(T(0)));
}

}  // namespace tbrnn::inline TBRNN_ISA
