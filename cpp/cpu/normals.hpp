// The noise of equations/noise.hpp on packs: Philox words in 64-bit lanes, where a 32 x 32 bit product needs no shuffle,
// and Box-Muller by polynomials (absolute error of a normal below 1e-6).
#pragma once

#include <type_traits>

#include "cpu/simd.hpp"
#include "equations/noise.hpp"

namespace tbrnn::inline TBRNN_ISA {

using Wide = Native<std::uint64_t>;
inline constexpr int wide_lanes = vector_bytes / 8;

inline Wide product(Wide a, Wide b) {  // of the low halves
#if defined(__AVX512F__)
  return (Wide)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
  return (Wide)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__x86_64__)
  return (Wide)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
  return (a & 0xffffffffu) * (b & 0xffffffffu);
#endif
}

// Four words for each lane; the upper halves of the lanes are left unspecified.
struct WideCounter {
  Wide word[4];
};

inline WideCounter philox(WideCounter c, std::uint32_t key0, std::uint32_t key1) {
  const Wide zero{}, m0 = zero + philox_multiplier[0], m1 = zero + philox_multiplier[1];
#pragma GCC unroll 10
  for (int round = 0; round < philox_rounds; ++round) {
    const Wide p0 = product(c.word[0], m0), p1 = product(c.word[2], m1);
    const Wide k0 = zero + std::uint64_t{key0}, k1 = zero + std::uint64_t{key1};
    c = {{(p1 >> 32) ^ c.word[1] ^ k0, p1, (p0 >> 32) ^ c.word[3] ^ k1, p0}};
    key0 += philox_weyl[0];
    key1 += philox_weyl[1];
  }
  return c;
}

// The words of trials first, first + 1, ... in the lanes of a Pack<T>: float lanes 2 i and 2 i + 1 come from lane i of two
// wide counters.
template <class T>
struct Words {
  using Unsigned = Native<std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>;
  Unsigned word[4];
};

inline Wide consecutive(std::uint64_t first, std::uint64_t step) {
  Wide lanes;
  for (int i = 0; i < wide_lanes; ++i) lanes[i] = first + step * static_cast<std::uint64_t>(i);
  return lanes;
}

struct NoiseKey {
  std::uint32_t seed, member, epoch, step;
};

template <class T>
Words<T> noise_words(NoiseKey key, std::uint32_t first_trial, std::uint32_t block) {
  const Wide zero{};
  const auto draw = [&](Wide trial) {
    const WideCounter counter = {{zero + std::uint64_t{key.epoch}, zero + std::uint64_t{key.step}, trial,
                                  zero + std::uint64_t{block}}};
    return philox(counter, key.seed, key.member);
  };
  Words<T> out;
  if constexpr (sizeof(T) == 8) {
    const WideCounter c = draw(consecutive(first_trial, 1));
    for (int i = 0; i < 4; ++i) out.word[i] = c.word[i] & 0xffffffffu;
  } else {
    const WideCounter even = draw(consecutive(first_trial, 2)), odd = draw(consecutive(first_trial + 1, 2));
    for (int i = 0; i < 4; ++i)
      out.word[i] = (typename Words<T>::Unsigned)((even.word[i] & 0xffffffffu) | (odd.word[i] << 32));
  }
  return out;
}

// u = (2 (w >> 9) + 1) 2^-24, exactly
inline Pack<float> open_uniform_pack(Native<std::uint32_t> word) {
  const Native<std::uint32_t> one_to_two = (word >> 9) | 0x3f800000u;
  return Pack<float>((Native<float>)one_to_two) - Pack<float>(1.0f - 0x1p-24f);
}

// ln u = k ln 2 + ln(1 + f), 1 + f in [1 / sqrt 2, sqrt 2), relative error 6e-9 of the polynomial
inline Pack<float> logarithm(Pack<float> u) {
  using P = Pack<float>;
  const Native<std::int32_t> k = (u.bits() - 0x3f3504f3) >> 23;
  const P f = P::of_bits(u.bits() - (k << 23)) - P(1.0f);
  constexpr float p[] = {0.3333333134651184f, -0.2500081956386566f,  0.20001226663589478f, -0.16623356938362122f,
                         0.14201757311820984f, -0.13160182535648346f, 0.1276157796382904f,  -0.07634497433900833f};
  P series(p[7]);
#pragma GCC unroll 8
  for (int i = 6; i >= 0; --i) series = fma(series, f, P(p[i]));
  const P square = f * f;
  const P fraction = fma(square, fma(series, f, P(-0.5f)), f);
  return fma(P(__builtin_convertvector(k, Native<float>)), P(0.69314718055994531f), fraction);
}

inline Pack<float> square_root(Pack<float> x) {
#if defined(__AVX512F__)
  return (Native<float>)_mm512_sqrt_ps((__m512)x.v);
#elif defined(__AVX2__)
  return (Native<float>)_mm256_sqrt_ps((__m256)x.v);
#elif defined(__x86_64__)
  return (Native<float>)_mm_sqrt_ps((__m128)x.v);
#else
  return (Native<float>)vsqrtq_f32((float32x4_t)x.v);
#endif
}

// cos and sin of 2 pi u: quarter turns q = round(4 u), then polynomials of t = 4 u - q in [-1/2, 1/2]
inline void circle(Pack<float> u, Pack<float>& cosine, Pack<float>& sine) {
  using P = Pack<float>;
  const P y = u * P(4.0f), shifted = y + P(0x1.8p23f);
  const P t = y - (shifted - P(0x1.8p23f)), t2 = t * t;
  const P s = t * fma(fma(fma(P(-0.004592289216816425f), t2, P(0.07967590540647507f)), t2, P(-0.6459629535675049f)), t2,
                      P(1.570796251296997f));
  const P c = fma(fma(fma(P(-0.020426250994205475f), t2, P(0.2536063492298126f)), t2, P(-1.2336980104446411f)), t2, P(1.0f));
  const Native<std::int32_t> q = shifted.bits();
  const auto odd = (q & 1) != 0;
  cosine = P::of_bits((Native<std::int32_t>)(odd ? s.v : c.v) ^ (((q + 1) & 2) << 30));
  sine = P::of_bits((Native<std::int32_t>)(odd ? c.v : s.v) ^ ((q & 2) << 30));
}

inline void box_muller(Native<std::uint32_t> radius, Native<std::uint32_t> angle, Pack<float>& z0, Pack<float>& z1) {
  const Pack<float> r = square_root(Pack<float>(-2.0f) * logarithm(open_uniform_pack(radius)));
  Pack<float> cosine, sine;
  circle(open_uniform_pack(angle), cosine, sine);
  z0 = r * cosine;
  z1 = r * sine;
}

inline void box_muller(Native<std::uint64_t> radius, Native<std::uint64_t> angle, Pack<double>& z0, Pack<double>& z1) {
  for (int i = 0; i < Pack<double>::lanes; ++i) {
    double a, b;
    box_muller(static_cast<std::uint32_t>(radius[i]), static_cast<std::uint32_t>(angle[i]), a, b);
    z0.v[i] = a;
    z1.v[i] = b;
  }
}

}  // namespace tbrnn::inline TBRNN_ISA
