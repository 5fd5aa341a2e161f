// The products of small matrices of cuda/dev/matrix_units.cuh, made by the lanes of a warp from what each shows the others.
#pragma once

#include <bit>
#include <cmath>

#include "dev/threads.hpp"

namespace tbrnn::emulator {

inline float tf32(float x) {
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) & ~0x1fffu);
}

inline float cut_off(double x) {  // to float32, towards zero
  const float near = static_cast<float>(x);
  return std::fabs(near) > std::fabs(x) ? std::nextafter(near, 0.0f) : near;
}

}  // namespace tbrnn::emulator

namespace tbrnn::dev {

inline void add_product(float (&d)[4], const float (&a)[4], const float (&b)[2],
                        emulator::Where at = emulator::Where::current()) {
  struct Shown {
    float a[4], b[2];
  } mine[32], *shown = shuffle(~0u, mine, 0, at);
  const int lane = thread() % 32, g = lane / 4, c = lane % 4;
  shown[lane] = {{a[0], a[1], a[2], a[3]}, {b[0], b[1]}};
  warp_barrier(at);
  for (int i = 0; i < 4; ++i) {
    double sum = static_cast<double>(d[i]);
    for (int k = 0; k < 8; ++k) {
      const Shown &row = shown[4 * g + k % 4], &column = shown[4 * (2 * c + i % 2) + k % 4];
      sum += static_cast<double>(emulator::tf32(row.a[i / 2 + k / 4 * 2])) *
             static_cast<double>(emulator::tf32(column.b[k / 4]));
    }
    d[i] = emulator::cut_off(sum);
  }
  warp_barrier(at);  // lane 0 may leave
}

}  // namespace tbrnn::dev
