// A pack of numbers, one trial a lane, in the widest vectors of the instruction set this file is compiled for.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "equations/portable.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

// A call in the middle of a loop over packs costs as much as the work: nothing on packs may be left out of line.
#define TBRNN_PACK [[gnu::always_inline]] inline
#define TBRNN_INLINED __attribute__((always_inline))  // behind the parameters of a lambda

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

// the integer of a number's width
template <class T>
using Bits = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;

// each(0), each(1), ... each(n - 1), written out: GCC 12 keeps an array in registers only if no loop ever indexed it.
template <int n, class Each>
TBRNN_PACK void unroll(Each&& each) {
  [&]<int... i>(std::integer_sequence<int, i...>) TBRNN_INLINED {
    (each(std::integral_constant<int, i>{}), ...);
  }
  (std::make_integer_sequence<int, n>{});
}

// n vectors worked on together: each operation is n independent instructions in a row, which hides their latency.
template <class T, int n = 1>
struct Pack {
  static constexpr int lanes = n * vector_bytes / static_cast<int>(sizeof(T));
  using Number = T;
  using Int = Bits<T>;
  using Mask = Pack<Int, n>;
  Native<T> v[n];

  Pack() = default;
  TBRNN_PACK explicit Pack(T value) {
    unroll<n>([&](auto i) TBRNN_INLINED { v[i] = value - Native<T>{}; });
  }
  template <class Each>
  TBRNN_PACK static Pack of(Each each) {
    Pack p;
    unroll<n>([&](auto i) TBRNN_INLINED { p.v[i] = each(i); });
    return p;
  }
  TBRNN_PACK static Pack load(const T* at) {
    Pack p;
    unroll<n>([&](auto i)
                  TBRNN_INLINED { std::memcpy(&p.v[i], at + i * (lanes / n), vector_bytes); });
    return p;
  }
  TBRNN_PACK void store(T* at) const {
    unroll<n>([&](auto i)
                  TBRNN_INLINED { std::memcpy(at + i * (lanes / n), &v[i], vector_bytes); });
  }
  TBRNN_PACK Mask bits() const {
    return Mask::of([&](int i) TBRNN_INLINED { return reinterpret_cast<Native<Int>>(v[i]); });
  }
  template <class From>
  TBRNN_PACK static Pack of_bits(Pack<From, n> bits) {
    return of([&](int i) TBRNN_INLINED { return reinterpret_cast<Native<T>>(bits.v[i]); });
  }

#define TBRNN_OPERATOR(op)                                            \
  TBRNN_PACK friend Pack operator op(Pack a, Pack b) {                \
    return of([&](int i) TBRNN_INLINED { return a.v[i] op b.v[i]; }); \
  }
  TBRNN_OPERATOR(+)
  TBRNN_OPERATOR(-)
  TBRNN_OPERATOR(*)
  TBRNN_OPERATOR(/)
  TBRNN_OPERATOR(&)
  TBRNN_OPERATOR(|)
  TBRNN_OPERATOR(^)
#undef TBRNN_OPERATOR
  TBRNN_PACK friend Pack operator-(Pack a) {
    return of([&](int i) TBRNN_INLINED { return -a.v[i]; });
  }
  TBRNN_PACK friend Pack operator~(Pack a) {
    return of([&](int i) TBRNN_INLINED { return ~a.v[i]; });
  }
  TBRNN_PACK friend Pack operator<<(Pack a, int by) {
    return of([&](int i) TBRNN_INLINED { return a.v[i] << by; });
  }
  TBRNN_PACK friend Pack operator>>(Pack a, int by) {
    return of([&](int i) TBRNN_INLINED { return a.v[i] >> by; });
  }
  TBRNN_PACK friend Mask operator<(Pack a, Pack b) {
    return Mask::of([&](int i) TBRNN_INLINED { return a.v[i] < b.v[i]; });
  }
};

template <class Mask, class T, int n>
TBRNN_PACK Pack<T, n> select(Mask where, Pack<T, n> yes, Pack<T, n> no) {
  return Pack<T, n>::of([&](int i) TBRNN_INLINED { return where.v[i] ? yes.v[i] : no.v[i]; });
}

TBRNN_PACK Native<float> fma(Native<float> a, Native<float> b, Native<float> c) {
#if defined(__AVX512F__)
  return (Native<float>)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__AVX2__)
  return (Native<float>)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__aarch64__)
  return (Native<float>)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
  return a * b + c;
#endif
}

TBRNN_PACK Native<double> fma(Native<double> a, Native<double> b, Native<double> c) {
#if defined(__AVX512F__)
  return (Native<double>)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif defined(__AVX2__)
  return (Native<double>)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#elif defined(__aarch64__)
  return (Native<double>)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
#else
  return a * b + c;
#endif
}

// a b + c, rounded once where the instruction set can
template <class T, int n>
TBRNN_PACK Pack<T, n> fma(Pack<T, n> a, Pack<T, n> b, Pack<T, n> c) {
  return Pack<T, n>::of([&](int i) TBRNN_INLINED { return fma(a.v[i], b.v[i], c.v[i]); });
}

TBRNN_PACK Native<float> maximum(Native<float> floor, Native<float> x) {
#if defined(__AVX512F__)
  return (Native<float>)_mm512_max_ps((__m512)floor, (__m512)x);
#elif defined(__AVX2__)
  return (Native<float>)_mm256_max_ps((__m256)floor, (__m256)x);
#else
  return floor > x ? floor : x;
#endif
}

TBRNN_PACK Native<double> maximum(Native<double> floor, Native<double> x) {
  return floor > x ? floor : x;
}

// the larger one; where x is NaN, x
template <class T, int n>
TBRNN_PACK Pack<T, n> maximum(Pack<T, n> floor, Pack<T, n> x) {
  return Pack<T, n>::of([&](int i) TBRNN_INLINED { return maximum(floor.v[i], x.v[i]); });
}

template <class T, int n>
TBRNN_PACK Pack<Bits<T>, n> sign_bit(Pack<T, n>) {
  using Int = Bits<T>;
  return Pack<Int, n>(static_cast<Int>(Int(1) << (8 * sizeof(T) - 1)));
}

template <class T, int n>
TBRNN_PACK Pack<T, n> magnitude(Pack<T, n> x) {
  return Pack<T, n>::of_bits(x.bits() & ~sign_bit(x));
}

// Left alone, GCC reads a value from memory again in each fma that uses it, and then the loads bind.
template <class T, int n>
TBRNN_PACK void in_registers(Pack<T, n>& value) {
#if defined(__x86_64__)
  unroll<n>([&](auto i) TBRNN_INLINED { asm("" : "+v"(value.v[i])); });
#else
  unroll<n>([&](auto i) TBRNN_INLINED { asm("" : "+w"(value.v[i])); });
#endif
}

// sum of all lanes, halves first
template <int width, class T, int n>
TBRNN_PACK Pack<T, n> fold(Pack<T, n> x) {
  if constexpr (width == 0) {
    return x;
  } else {
    using Index = Native<Bits<T>>;
    Index other;
    for (int lane = 0; lane < Pack<T>::lanes; ++lane) other[lane] = lane ^ width;
    return fold<width / 2>(
        x + Pack<T, n>::of([&](int i) TBRNN_INLINED { return __builtin_shuffle(x.v[i], other); }));
  }
}

template <class T>
TBRNN_PACK T sum(Pack<T> x) {
  return fold<Pack<T>::lanes / 2>(x).v[0][0];
}

}  // namespace tbrnn::inline TBRNN_ISA
