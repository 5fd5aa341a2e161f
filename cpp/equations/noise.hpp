// State noise: Philox4x32-10 (Salmon et al. 2011) and Box-Muller. A draw depends on nothing but what it is for:
//   key      (seed, member)
//   counter  (epoch, step, trial, block of four units + purpose 2^28)
// The four words w0..w3 of a counter make the normals of the block's four units:
//   u = (2 (w >> 9) + 1) 2^-24 in (0, 1),   R = sqrt(-2 ln u(w0)),   z0 = R cos 2 pi u(w1),   z1 = R sin 2 pi u(w1)
// and likewise z2, z3 from w2, w3.
//
// Shuffles: in epoch e a trial has the 64-bit word w0 + 2^32 w1 of the counter (e, 0, trial, purpose 2^28), and the epoch shows the
// trials in ascending order of their words, equal words in the order of the trials.
#pragma once

#include <cmath>
#include <cstdint>

#include "portable.hpp"

namespace tbrnn::inline TBRNN_ISA {

enum class Purpose : std::uint32_t { state_noise = 0, input_noise = 1, shuffle = 2 };

inline constexpr int philox_rounds = 10;
inline constexpr std::uint32_t philox_multiplier[2] = {0xD2511F53u, 0xCD9E8D57u};
inline constexpr std::uint32_t philox_weyl[2] = {0x9E3779B9u, 0xBB67AE85u};

TBRNN_FN std::uint32_t noise_block(int unit, Purpose purpose) {
  return static_cast<std::uint32_t>(unit / 4) + (static_cast<std::uint32_t>(purpose) << 28);
}

TBRNN_FN void philox(std::uint32_t (&counter)[4], std::uint32_t key0, std::uint32_t key1) {
  // Device code may use the values of host constants, not the constants.
  constexpr std::uint32_t weyl[2] = {philox_weyl[0], philox_weyl[1]};
  for (int round = 0; round < philox_rounds; ++round) {
    const std::uint64_t p0 = static_cast<std::uint64_t>(philox_multiplier[0]) * counter[0];
    const std::uint64_t p1 = static_cast<std::uint64_t>(philox_multiplier[1]) * counter[2];
    const auto high = [](std::uint64_t p) { return static_cast<std::uint32_t>(p >> 32); };
    const std::uint32_t next[4] = {high(p1) ^ counter[1] ^ key0, static_cast<std::uint32_t>(p1),
                                   high(p0) ^ counter[3] ^ key1, static_cast<std::uint32_t>(p0)};
    for (int i = 0; i < 4; ++i) counter[i] = next[i];
    key0 += weyl[0];
    key1 += weyl[1];
  }
}

TBRNN_FN std::uint64_t shuffle_word(std::uint64_t key, std::uint32_t epoch, std::uint32_t trial) {
  std::uint32_t w[4] = {epoch, 0, trial, noise_block(0, Purpose::shuffle)};
  philox(w, static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32));
  return static_cast<std::uint64_t>(w[1]) << 32 | w[0];
}

template <class T>
TBRNN_FN T open_uniform(std::uint32_t word) {
  return static_cast<T>(2 * (word >> 9) + 1) * T(0x1p-24);
}

template <class T>
TBRNN_FN void box_muller(std::uint32_t radius, std::uint32_t angle, T& z0, T& z1) {
  const T r = std::sqrt(T(-2) * std::log(open_uniform<T>(radius)));
  const T turn = T(6.283185307179586476925) * open_uniform<T>(angle);
  z0 = r * std::cos(turn);
  z1 = r * std::sin(turn);
}

// The same in float32 by polynomials, absolute error of a normal below 1e-6.
//   ln(1 + f) = f - f^2 / 2 + f^3 (p0 + p1 f + ...),  1 + f in [1 / sqrt 2, sqrt 2), relative error 6e-9
template <class V>
TBRNN_FN V log_near_one(V f) {
  using std::fma;
  V p(-0.07634497433900833f);
  p = fma(p, f, V(0.1276157796382904f));
  p = fma(p, f, V(-0.13160182535648346f));
  p = fma(p, f, V(0.14201757311820984f));
  p = fma(p, f, V(-0.16623356938362122f));
  p = fma(p, f, V(0.20001226663589478f));
  p = fma(p, f, V(-0.2500081956386566f));
  p = fma(p, f, V(0.3333333134651184f));
  return fma(f * f, fma(p, f, V(-0.5f)), f);
}

// sin and cos of t quarter turns, t in [-1/2, 1/2], the cosine by the square of t
template <class V>
TBRNN_FN V quarter_sine(V t, V t2) {
  using std::fma;
  const V s = fma(V(-0.004592289216816425f), t2, V(0.07967590540647507f));
  return t * fma(fma(s, t2, V(-0.6459629535675049f)), t2, V(1.570796251296997f));
}
template <class V>
TBRNN_FN V quarter_cosine(V t2) {
  using std::fma;
  const V c = fma(V(-0.020426250994205475f), t2, V(0.2536063492298126f));
  return fma(fma(c, t2, V(-1.2336980104446411f)), t2, V(1.0f));
}

// The same in float64, with errors of a last digit or two.
//   ln((1 + s) / (1 - s)) = 2 s + s^3 (2 / 3 + 2 / 5 s^2 + ...),  |s| <= 0.172
template <class V>
TBRNN_FN V log_of_ratio(V s) {
  using std::fma;
  const V z = s * s;
  V p(2.0 / 21.0);
  p = fma(p, z, V(2.0 / 19.0));
  p = fma(p, z, V(2.0 / 17.0));
  p = fma(p, z, V(2.0 / 15.0));
  p = fma(p, z, V(2.0 / 13.0));
  p = fma(p, z, V(2.0 / 11.0));
  p = fma(p, z, V(2.0 / 9.0));
  p = fma(p, z, V(2.0 / 7.0));
  p = fma(p, z, V(2.0 / 5.0));
  p = fma(p, z, V(2.0 / 3.0));
  return fma(s * z, p, s + s);
}

// sin x and cos x by their Taylor series, |x| <= pi / 4, the cosine by the square of x
template <class V>
TBRNN_FN V taylor_sine(V x, V x2) {
  using std::fma;
  V p(1.0 / 355'687'428'096'000.0);
  p = fma(p, x2, V(-1.0 / 1'307'674'368'000.0));
  p = fma(p, x2, V(1.0 / 6'227'020'800.0));
  p = fma(p, x2, V(-1.0 / 39'916'800.0));
  p = fma(p, x2, V(1.0 / 362'880.0));
  p = fma(p, x2, V(-1.0 / 5'040.0));
  p = fma(p, x2, V(1.0 / 120.0));
  p = fma(p, x2, V(-1.0 / 6.0));
  return fma(x * x2, p, x);
}
template <class V>
TBRNN_FN V taylor_cosine(V x2) {
  using std::fma;
  V p(1.0 / 20'922'789'888'000.0);
  p = fma(p, x2, V(-1.0 / 87'178'291'200.0));
  p = fma(p, x2, V(1.0 / 479'001'600.0));
  p = fma(p, x2, V(-1.0 / 3'628'800.0));
  p = fma(p, x2, V(1.0 / 40'320.0));
  p = fma(p, x2, V(-1.0 / 720.0));
  p = fma(p, x2, V(1.0 / 24.0));
  p = fma(p, x2, V(-0.5));
  return fma(p, x2, V(1.0));
}

// x + sigma xi, xi a normal number; its adjoint reaches x as it is.
template <class V>
TBRNN_FN V with_noise(V x, V sigma, V xi) {
  return fma(sigma, xi, x);
}

// Of a noisy input that stands for a rate: max(0, u + sigma xi). Nothing asks for its adjoint.
template <class V>
TBRNN_FN V rectified(V noisy) {
  return maximum(V(0), noisy);
}

}  // namespace tbrnn::inline TBRNN_ISA
