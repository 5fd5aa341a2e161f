// The products of small matrices of cuda/dev/matrix_units.cuh. What each lane holds of them is how PTX lays out mma.m16n8k8.
#pragma once

#include <bit>
#include <cmath>

#include "emulator.hpp"

namespace tbrnn::emulator {

inline float tf32(float x) {
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) & ~0x1fffu);
}

inline float cut_off(double x) {  // to float32, towards zero
  const float near = static_cast<float>(x);
  return std::fabs(near) > std::fabs(x) ? std::nextafter(near, 0.0f) : near;
}

struct Fragments {  // of a lane
  float* d;
  const float *a, *b;
};

inline void add_product_of(void* const (&lanes)[warp_lanes]) {
  double a[16][8], b[8][8];
  for (int lane = 0; lane < warp_lanes; ++lane) {
    const Fragments& of = *static_cast<const Fragments*>(lanes[lane]);
    const int g = lane / 4, c = lane % 4;
    for (int i = 0; i < 4; ++i) a[g + i % 2 * 8][c + i / 2 * 4] = double{tf32(of.a[i])};
    for (int i = 0; i < 2; ++i) b[c + i * 4][g] = double{tf32(of.b[i])};
  }
  for (int lane = 0; lane < warp_lanes; ++lane)
    for (int i = 0; i < 4; ++i) {
      float& d = static_cast<const Fragments*>(lanes[lane])->d[i];
      double sum = double{d};
      for (int k = 0; k < 8; ++k) sum += a[lane / 4 + i / 2 * 8][k] * b[k][lane % 4 * 2 + i % 2];
      d = cut_off(sum);
    }
}

}  // namespace tbrnn::emulator

namespace tbrnn::dev {

inline void add_product(float (&d)[4], const float (&a)[4], const float (&b)[2],
                        emulator::Where at = emulator::Where::current()) {
  emulator::Fragments mine{d, a, b};
  emulator::together(&mine, emulator::add_product_of, at);
}

}  // namespace tbrnn::dev
