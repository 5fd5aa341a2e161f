// The noise of equations/noise.hpp on packs: Philox words in 64-bit lanes, where a 32 x 32 bit product needs no shuffle,
// and Box-Muller by its polynomials.
#pragma once

#include "cpu/simd.hpp"
#include "equations/elementary.hpp"
#include "equations/noise.hpp"

namespace tbrnn::inline TBRNN_ISA {

template <int n>
using Wide = Pack<std::uint64_t, n>;

TBRNN_PACK Native<std::uint64_t> product(Native<std::uint64_t> a,
                                         Native<std::uint64_t> b) {  // of the low halves
#if defined(__AVX512F__)
  return (Native<std::uint64_t>)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
  return (Native<std::uint64_t>)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__x86_64__)
  return (Native<std::uint64_t>)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
  return (a & 0xffffffffu) * (b & 0xffffffffu);
#endif
}

// Four words for each lane; the upper halves of the lanes are left unspecified.
template <int n>
struct WideCounter {
  Wide<n> word[4];
};

template <int n>
TBRNN_PACK WideCounter<n> philox(WideCounter<n> c, std::uint32_t key0, std::uint32_t key1) {
  using W = Wide<n>;
  const auto times = [](W a, std::uint32_t by) TBRNN_INLINED {
    const Native<std::uint64_t> factor = Native<std::uint64_t>{} + std::uint64_t{by};
    return W::of([&](int i) TBRNN_INLINED { return product(a.v[i], factor); });
  };
  unroll<philox_rounds>([&](auto) TBRNN_INLINED {
    const W p0 = times(c.word[0], philox_multiplier[0]),
            p1 = times(c.word[2], philox_multiplier[1]);
    c = {{(p1 >> 32) ^ c.word[1] ^ W(key0), p1, (p0 >> 32) ^ c.word[3] ^ W(key1), p0}};
    key0 += philox_weyl[0];
    key1 += philox_weyl[1];
  });
  return c;
}

struct NoiseKey {
  std::uint32_t seed, member, epoch, step;
};

template <class T>
using Word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

// The words of consecutive trials in the lanes of a Pack<T, n>. In float32, lanes 2 i and 2 i + 1 come from lane i of two wide
// counters.
template <class T, int n>
TBRNN_PACK void noise_words(NoiseKey key, std::uint32_t first_trial, std::uint32_t block,
                            Pack<Word<T>, n> (&word)[4]) {
  constexpr int halves = sizeof(T) == 4 ? 2 : 1;
  using W = Wide<n * halves>;
  constexpr int wide_lanes = vector_bytes / 8;
  // vector i of the trials: even lanes of pack vector i, then (float32) its odd lanes
  W trial = W::of([&](int i) TBRNN_INLINED {
    Native<std::uint64_t> lanes;
    for (int lane = 0; lane < wide_lanes; ++lane)
      lanes[lane] = first_trial + static_cast<std::uint64_t>(
                                      (i / halves * wide_lanes + lane) * halves + i % halves);
    return lanes;
  });
  const WideCounter<n* halves> c =
      philox<n * halves>({{W(key.epoch), W(key.step), trial, W(block)}}, key.seed, key.member);
  unroll<4>([&](auto w) TBRNN_INLINED {
    word[w] = Pack<Word<T>, n>::of([&](int i) TBRNN_INLINED {
      const Native<std::uint64_t> even = c.word[w].v[i * halves] & 0xffffffffu;
      if constexpr (halves == 2)
        return (Native<Word<T>>)(even | c.word[w].v[i * halves + 1] << 32);
      else
        return even;
    });
  });
}

template <class T>
struct Format;
template <>
struct Format<float> {
  static constexpr std::uint32_t one = 0x3f800000;
  static constexpr std::int32_t root_half = 0x3f3504f3;
  static constexpr float to_integer =
      0x1.8p23f;  // adding it rounds to an integer, in the lowest bits
};
template <>
struct Format<double> {
  static constexpr std::uint64_t one = 0x3ff0000000000000;
  static constexpr std::int64_t root_half = 0x3fe6a09e667f3bcd;
  static constexpr double to_integer = 0x1.8p52;
};

// u = (2 (w >> 9) + 1) 2^-24, exactly
template <class T, int n>
TBRNN_PACK Pack<T, n> open_uniform_pack(Pack<Word<T>, n> word) {
  using P = Pack<T, n>;
  const auto one_to_two = (word >> 9) << (mantissa<T> - 23) | Pack<Word<T>, n>(Format<T>::one);
  return P::of_bits(one_to_two) - P(T(1.0 - 0x1p-24));
}

// ln u = k ln 2 + ln(1 + f), 1 + f in [1 / sqrt 2, sqrt 2)
template <class T, int n>
TBRNN_PACK Pack<T, n> logarithm(Pack<T, n> u) {
  using P = Pack<T, n>;
  using I = Pack<Bits<T>, n>;
  using F = Format<T>;
  const I k = (u.bits() - I(F::root_half)) >> mantissa<T>;
  const P f = P::of_bits(u.bits() - (k << mantissa<T>)) - P(T(1));
  P exponent, fraction;
  if constexpr (sizeof(T) == 4) {
    fraction = log_near_one(f);
    exponent =
        P::of([&](int i) TBRNN_INLINED { return __builtin_convertvector(k.v[i], Native<float>); });
  } else {
    fraction = log_of_ratio(f / (f + P(2.0)));
    exponent = P::of_bits(P(F::to_integer).bits() + k) - P(F::to_integer);
  }
  return fma(exponent, P(T(0.69314718055994530942)), fraction);
}

TBRNN_PACK Native<float> square_root(Native<float> x) {
#if defined(__AVX512F__)
  return (Native<float>)_mm512_sqrt_ps((__m512)x);
#elif defined(__AVX2__)
  return (Native<float>)_mm256_sqrt_ps((__m256)x);
#elif defined(__x86_64__)
  return (Native<float>)_mm_sqrt_ps((__m128)x);
#else
  return (Native<float>)vsqrtq_f32((float32x4_t)x);
#endif
}

TBRNN_PACK Native<double> square_root(Native<double> x) {
#if defined(__AVX512F__)
  return (Native<double>)_mm512_sqrt_pd((__m512d)x);
#elif defined(__AVX2__)
  return (Native<double>)_mm256_sqrt_pd((__m256d)x);
#elif defined(__x86_64__)
  return (Native<double>)_mm_sqrt_pd((__m128d)x);
#else
  return (Native<double>)vsqrtq_f64((float64x2_t)x);
#endif
}

// cos and sin of 2 pi u: q = round(4 u) quarter turns, and t = 4 u - q in [-1/2, 1/2] of one
template <class T, int n>
TBRNN_PACK void circle(Pack<T, n> u, Pack<T, n>& cosine, Pack<T, n>& sine) {
  using P = Pack<T, n>;
  using I = Pack<Bits<T>, n>;
  constexpr int sign = 8 * sizeof(T) - 2;
  const P to_integer(Format<T>::to_integer), y = u * P(T(4)), shifted = y + to_integer,
                                             t = y - (shifted - to_integer);
  P s, c;
  if constexpr (sizeof(T) == 4) {
    const P t2 = t * t;
    s = quarter_sine(t, t2), c = quarter_cosine(t2);
  } else {
    const P x = t * P(1.57079632679489661923), x2 = x * x;
    s = taylor_sine(x, x2), c = taylor_cosine(x2);
  }
  const I q = shifted.bits(), odd = I(0) - (q & I(1));
  const I s_bits = s.bits(), c_bits = c.bits(), swap = (s_bits ^ c_bits) & odd;
  cosine = P::of_bits(c_bits ^ swap ^ ((q + I(1)) & I(2)) << sign);
  sine = P::of_bits(s_bits ^ swap ^ (q & I(2)) << sign);
}

template <class T, int n>
TBRNN_PACK void box_muller(Pack<Word<T>, n> radius, Pack<Word<T>, n> angle, Pack<T, n>& z0,
                           Pack<T, n>& z1) {
  using P = Pack<T, n>;
  const P square = P(T(-2)) * logarithm(open_uniform_pack<T>(radius));
  const P r = P::of([&](int i) TBRNN_INLINED { return square_root(square.v[i]); });
  P cosine, sine;
  circle(open_uniform_pack<T>(angle), cosine, sine);
  z0 = r * cosine;
  z1 = r * sine;
}

}  // namespace tbrnn::inline TBRNN_ISA
