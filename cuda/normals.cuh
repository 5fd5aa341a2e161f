// The noise of equations/noise.hpp for the four units of a lane: one Philox counter, and Box-Muller, in float32 by its polynomials.
#pragma once

#include "equations/noise.hpp"
#include "number.cuh"
#include "views.cuh"

namespace tbrnn::cuda {

// ln u = k ln 2 + ln(1 + f), 1 + f in [1 / sqrt 2, sqrt 2)
TBRNN_FN float logarithm(float u) {
  std::int32_t bits;
  std::memcpy(&bits, &u, sizeof bits);
  const std::int32_t k = (bits - 0x3f3504f3) >> 23;
  bits -= k * (1 << 23);
  float f;
  std::memcpy(&f, &bits, sizeof f);
  f -= 1.0f;
  const float fraction = log_near_one(f);
  return std::fma(static_cast<float>(k), 0.69314718055994531f, fraction);
}

// cos and sin of 2 pi u: q = round(4 u) quarter turns, and t = 4 u - q in [-1/2, 1/2] of one
TBRNN_FN void circle(float u, float& cosine, float& sine) {
  const float y = u * 4.0f, shifted = y + 0x1.8p23f;
  const float t = y - (shifted - 0x1.8p23f), t2 = t * t;
  const float s = quarter_sine(t, t2), c = quarter_cosine(t2);
  std::int32_t q;
  std::memcpy(&q, &shifted, sizeof q);
  const bool odd = q & 1;
  cosine = (q + 1) & 2 ? -(odd ? s : c) : (odd ? s : c);
  sine = q & 2 ? -(odd ? c : s) : (odd ? c : s);
}

TBRNN_FN void normal_pair(std::uint32_t radius, std::uint32_t angle, float& z0, float& z1) {
  const float r = std::sqrt(-2.0f * logarithm(open_uniform<float>(radius)));
  float cosine, sine;
  circle(open_uniform<float>(angle), cosine, sine);
  z0 = r * cosine;
  z1 = r * sine;
}

TBRNN_FN void normal_pair(std::uint32_t radius, std::uint32_t angle, double& z0, double& z1) {
  box_muller(radius, angle, z0, z1);
}

template <class T>
TBRNN_FN void noise_words(const Noise<T>& noise, int step, std::uint32_t trial, int first,
                          Purpose purpose, std::uint32_t (&w)[4]) {
  w[0] = noise.epoch;
  w[1] = static_cast<std::uint32_t>(step);
  w[2] = trial;
  w[3] = noise_block(first, purpose);
  philox(w, noise.seed, noise.member);
}

// Normals of units, or inputs, first ... first + 3 at one step of one trial.
template <class T>
TBRNN_FN void normals(const Noise<T>& noise, int step, std::uint32_t trial, int first, T (&z)[4],
                      Purpose purpose = Purpose::state_noise) {
  std::uint32_t w[4];
  noise_words(noise, step, trial, first, purpose, w);
  normal_pair(w[0], w[1], z[0], z[1]);
  normal_pair(w[2], w[3], z[2], z[3]);
}

// That of one unit alone.
template <class T>
TBRNN_FN T normal(const Noise<T>& noise, int step, std::uint32_t trial, int unit) {
  std::uint32_t w[4];
  noise_words(noise, step, trial, unit / lane_units * lane_units, Purpose::state_noise, w);
  T even, odd;
  normal_pair(unit & 2 ? w[2] : w[0], unit & 2 ? w[3] : w[1], even, odd);
  return unit & 1 ? odd : even;
}

}  // namespace tbrnn::cuda
