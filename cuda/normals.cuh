// The noise of equations/noise.hpp for the four units of a lane: one Philox counter. In float32 Box-Muller by the polynomials of the CPU
// engine (absolute error of a normal below 1e-6).
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
  float series = -0.07634497433900833f;
  series = std::fma(series, f, 0.1276157796382904f);
  series = std::fma(series, f, -0.13160182535648346f);
  series = std::fma(series, f, 0.14201757311820984f);
  series = std::fma(series, f, -0.16623356938362122f);
  series = std::fma(series, f, 0.20001226663589478f);
  series = std::fma(series, f, -0.2500081956386566f);
  series = std::fma(series, f, 0.3333333134651184f);
  const float fraction = std::fma(f * f, std::fma(series, f, -0.5f), f);
  return std::fma(static_cast<float>(k), 0.69314718055994531f, fraction);
}

// cos and sin of 2 pi u: quarter turns q = round(4 u), then polynomials of t = 4 u - q in [-1/2, 1/2]
TBRNN_FN void circle(float u, float& cosine, float& sine) {
  const float y = u * 4.0f, shifted = y + 0x1.8p23f;
  const float t = y - (shifted - 0x1.8p23f), t2 = t * t;
  float s = std::fma(-0.004592289216816425f, t2, 0.07967590540647507f);
  s = t * std::fma(std::fma(s, t2, -0.6459629535675049f), t2, 1.570796251296997f);
  float c = std::fma(-0.020426250994205475f, t2, 0.2536063492298126f);
  c = std::fma(std::fma(c, t2, -1.2336980104446411f), t2, 1.0f);
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
