// tanh, sigmoid and softplus of packs; tanh and sigmoid by the expm1 of equations/elementary.hpp. One true division; exact saturation at 1;
// relative accuracy at 0.
#pragma once

#include "cpu/simd.hpp"
#include "cpu/tanh_table.hpp"
#include "equations/elementary.hpp"

namespace tbrnn::inline TBRNN_ISA {

template <class P>
struct Exponential {  // exp(2 y) = power (1 + p)
  P power;
  P p;
};

template <class T, int n>
TBRNN_PACK Exponential<Pack<T, n>> exponential(Pack<T, n> y) {  // smallest <= y <= 0
  using P = Pack<T, n>;
  using S = Series<T>;
  const P shifted = fma(y, P(two_over_ln_2<T>), P(S::to_integer));
  const P whole = shifted - P(S::to_integer);
  const P g = fma(whole, P(-half_ln_2<T>), y);
  return {P::of_bits(shifted.bits() << mantissa<T>), fma(g * g, S::tail(g), g + g)};
}

// tanh y = e / (2 + e) with e = expm1(2 y), y = -|x|, and the sign of x
template <class T, int n>
TBRNN_PACK Pack<T, n> tanh(Pack<T, n> x) {
  using P = Pack<T, n>;
  const P y = maximum(P(Series<T>::saturated), P::of_bits(x.bits() | sign_bit(x)));
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
