// A number of the device with the functions that the equations ask of it. The elementary functions are those of the CPU engine: the expm1 of
// equations/elementary.hpp, one division, exact saturation.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "dev.cuh"
#include "equations/elementary.hpp"
#include "equations/nonlinearity.hpp"

namespace tbrnn::cuda {

template <class T>
struct Number {
  T v;
  Number() = default;
  TBRNN_FN explicit Number(T value) : v(value) {}
  TBRNN_FN friend Number operator+(Number a, Number b) { return Number(a.v + b.v); }
  TBRNN_FN friend Number operator-(Number a, Number b) { return Number(a.v - b.v); }
  TBRNN_FN friend Number operator*(Number a, Number b) { return Number(a.v * b.v); }
  TBRNN_FN friend Number operator-(Number a) { return Number(-a.v); }
};

template <class T>
TBRNN_FN Number<T> fma(Number<T> a, Number<T> b, Number<T> c) {
  return Number<T>(std::fma(a.v, b.v, c.v));
}

template <class T>
TBRNN_FN Number<T> maximum(Number<T> floor, Number<T> x) {  // where x is NaN, x
  return Number<T>(dev::maximum(floor.v, x.v));
}

template <class T>
struct Exponential {  // exp(2 y) = power (1 + p)
  Number<T> power, p;
};

template <class T>
TBRNN_FN Exponential<T> exponential(Number<T> y) {  // smallest <= y <= 0
  using V = Number<T>;
  using S = Series<T>;
  const V shifted = fma(y, V(two_over_ln_2<T>), V(S::to_integer));
  const V whole = shifted - V(S::to_integer);
  const V g = fma(whole, V(-half_ln_2<T>), y);
  std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t> bits;
  std::memcpy(&bits, &shifted.v, sizeof(T));
  bits <<= mantissa<T>;
  T power;
  std::memcpy(&power, &bits, sizeof(T));
  return {V(power), fma(g * g, S::tail(g), g + g)};
}

// tanh y = e / (2 + e) with e = expm1(2 y), y = -|x|, and the sign of x
template <class T>
TBRNN_FN Number<T> tanh(Number<T> x) {
  using V = Number<T>;
  const auto [power, p] = exponential(maximum(V(Series<T>::saturated), V(-std::fabs(x.v))));
  const V e = fma(power, p, power - V(T(1)));
  return V(std::copysign(dev::divide(e.v, e.v + T(2)), x.v));
}

// sigmoid x = 1 / (1 + E) for x >= 0, E / (1 + E) for x < 0, with E = exp(-|x|)
template <class T>
TBRNN_FN Number<T> sigmoid(Number<T> x) {
  using V = Number<T>;
  const auto [power, p] = exponential(maximum(V(Series<T>::smallest), V(T(-0.5) * std::fabs(x.v))));
  const V E = fma(power, p, power);
  return V(dev::divide(x.v < T(0) ? E.v : T(1), T(1) + E.v));
}

// softplus x = max(x, 0) + log1p(exp(-|x|))
template <class T>
TBRNN_FN Number<T> softplus(Number<T> x) {
  return maximum(Number<T>(T(0)), x) + Number<T>(std::log1p(std::exp(-std::fabs(x.v))));
}

template <class T>
TBRNN_FN Number<T> exp(Number<T> x) {
  return Number<T>(std::exp(x.v));
}

template <class T>
TBRNN_FN Number<T> log(Number<T> x) {
  return Number<T>(std::log(x.v));
}

template <class T>
TBRNN_FN Number<T> expm1(Number<T> x) {
  return Number<T>(std::expm1(x.v));
}

template <class T>
TBRNN_FN Number<T> positive(Number<T> r) {  // 1 where r > 0, else 0
  return Number<T>(T(0) < r.v ? T(1) : T(0));
}

}  // namespace tbrnn::cuda
