// What the kernels compute on packs, as functions of arrays, one set for each instruction set.
#pragma once

#include <cstdint>

#include "equations/choices.hpp"

namespace tbrnn {

template <class T>
struct LaneFunctions {
  // `count` is a multiple of 16. slope is phi' in terms of the value.
  void (*evaluate)(Nonlinearity, const T* x, int count, T* value, T* slope);
  // key = seed, member, epoch, step; z is (trial, unit of the block).
  void (*normals)(const std::uint32_t (&key)[4], std::uint32_t block, int trials, T* z);
};

struct Lanes {
  LaneFunctions<float> single;
  LaneFunctions<double> twice;
};

Lanes lanes_baseline();
Lanes lanes_avx2();
Lanes lanes_avx512();

}  // namespace tbrnn
