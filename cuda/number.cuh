// A number of the device with the functions that the equations ask of it. The elementary functions are those of the CPU engine: one
// polynomial for expm1, one division, exact saturation.
//   exp(2 y) = 2^n (1 + p),  n = round(2 y / ln 2),  g = y - n ln 2 / 2,  p = 2 g + g^2 (q0 + q1 g + ...) = expm1(2 g)
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "dev.cuh"
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

// Coefficients: minimax in float32 (relative error 1.3e-8), Taylor in float64.
template <class T>
struct Series;

template <>
struct Series<float> {
  using Bits = std::uint32_t;
  static constexpr float to_integer = 0x1.8p23f + 127;  // its sum with a number rounds that number
  static constexpr int mantissa = 23;
  static constexpr float smallest = -43.5f, saturated = -10.0f;
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
  using Bits = std::uint64_t;
  static constexpr double to_integer = 0x1.8p52 + 1023;
  static constexpr int mantissa = 52;
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

template <class T>
struct Exponential {  // exp(2 y) = power (1 + p)
  Number<T> power, p;
};

template <class T>
TBRNN_FN Exponential<T> exponential(Number<T> y) {  // smallest <= y <= 0
  using V = Number<T>;
  using S = Series<T>;
  const V shifted = fma(y, V(T(2.885390081777926814720)), V(S::to_integer));  // 2 / ln 2
  const V whole = shifted - V(S::to_integer);
  const V g = fma(whole, V(T(-0.346573590279972654709)), y);  // ln 2 / 2
  typename S::Bits bits;
  std::memcpy(&bits, &shifted.v, sizeof(T));
  bits <<= S::mantissa;
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
