// A pack of numbers, one trial a lane, in the widest vectors of the instruction set this file is compiled for.
#pragma once

#include <cstdint>
#include <cstring>

#include "equations/portable.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace tbrnn::inline TBRNN_ISA {

#if defined(__AVX512F__)
inline constexpr int vector_bytes = 64, vector_registers = 32;
#elif defined(__AVX2__)
inline constexpr int vector_bytes = 32, vector_registers = 16;
#else
inline constexpr int vector_bytes = 16, vector_registers = 16;
#endif

template <class T>
struct Vector {
  typedef T type __attribute__((vector_size(vector_bytes)));
};
template <class T>
using Native = typename Vector<T>::type;

template <class T>
struct Bits;  // the integer of a number's width
template <>
struct Bits<float> {
  using type = std::int32_t;
};
template <>
struct Bits<double> {
  using type = std::int64_t;
};

template <class T>
struct Pack {
  static constexpr int lanes = vector_bytes / sizeof(T);
  using Int = typename Bits<T>::type;
  Native<T> v;

  Pack() = default;
  Pack(Native<T> native) : v(native) {}
  explicit Pack(T value) : v(value - Native<T>{}) {}
  explicit Pack(int value) : Pack(static_cast<T>(value)) {}

  static Pack load(const T* at) {
    Pack p;
    std::memcpy(&p.v, at, sizeof p.v);
    return p;
  }
  void store(T* at) const { std::memcpy(at, &v, sizeof v); }
  Native<Int> bits() const { return reinterpret_cast<Native<Int>>(v); }
  static Pack of_bits(Native<Int> bits) { return reinterpret_cast<Native<T>>(bits); }

  friend Pack operator+(Pack a, Pack b) { return a.v + b.v; }
  friend Pack operator-(Pack a, Pack b) { return a.v - b.v; }
  friend Pack operator*(Pack a, Pack b) { return a.v * b.v; }
  friend Pack operator/(Pack a, Pack b) { return a.v / b.v; }
  friend Pack operator-(Pack a) { return -a.v; }
};

// a b + c, rounded once where the instruction set can
inline Pack<float> fma(Pack<float> a, Pack<float> b, Pack<float> c) {
#if defined(__AVX512F__)
  return (Native<float>)_mm512_fmadd_ps((__m512)a.v, (__m512)b.v, (__m512)c.v);
#elif defined(__AVX2__)
  return (Native<float>)_mm256_fmadd_ps((__m256)a.v, (__m256)b.v, (__m256)c.v);
#elif defined(__aarch64__)
  return (Native<float>)vfmaq_f32((float32x4_t)c.v, (float32x4_t)a.v, (float32x4_t)b.v);
#else
  return a.v * b.v + c.v;
#endif
}

inline Pack<double> fma(Pack<double> a, Pack<double> b, Pack<double> c) {
#if defined(__AVX512F__)
  return (Native<double>)_mm512_fmadd_pd((__m512d)a.v, (__m512d)b.v, (__m512d)c.v);
#elif defined(__AVX2__)
  return (Native<double>)_mm256_fmadd_pd((__m256d)a.v, (__m256d)b.v, (__m256d)c.v);
#elif defined(__aarch64__)
  return (Native<double>)vfmaq_f64((float64x2_t)c.v, (float64x2_t)a.v, (float64x2_t)b.v);
#else
  return a.v * b.v + c.v;
#endif
}

// the larger one; where x is NaN, x
template <class T>
Pack<T> maximum(Pack<T> floor, Pack<T> x) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) return (Native<T>)_mm512_max_ps((__m512)floor.v, (__m512)x.v);
  else return (Native<T>)_mm512_max_pd((__m512d)floor.v, (__m512d)x.v);
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4) return (Native<T>)_mm256_max_ps((__m256)floor.v, (__m256)x.v);
  else return (Native<T>)_mm256_max_pd((__m256d)floor.v, (__m256d)x.v);
#else
  return floor.v > x.v ? floor.v : x.v;
#endif
}

template <class T>
Native<typename Bits<T>::type> sign_bit() {
  using Int = typename Bits<T>::type;
  return Native<Int>{} + (Int(1) << (8 * sizeof(T) - 1));
}

template <class T>
Pack<T> magnitude(Pack<T> x) {
  return Pack<T>::of_bits(x.bits() & ~sign_bit<T>());
}

// sum of all lanes, halves first
template <class T>
T sum(Pack<T> x) {
  T lane[Pack<T>::lanes];
  x.store(lane);
  for (int width = Pack<T>::lanes / 2; width > 0; width /= 2)
    for (int i = 0; i < width; ++i) lane[i] += lane[i + width];
  return lane[0];
}

}  // namespace tbrnn::inline TBRNN_ISA
