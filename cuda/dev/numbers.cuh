// Arithmetic for which the device has instructions of its own.
#pragma once

#include "equations/portable.hpp"

namespace tbrnn::dev {

// 2 ulp in float32: the reciprocal of the special function unit, and a product. b is neither subnormal nor huge.
__device__ inline float divide(float a, float b) {
  float reciprocal;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(reciprocal) : "f"(b));
  return a * reciprocal;
}
__device__ inline double divide(double a, double b) { return a / b; }

// The larger of the two; where x is NaN, NaN.
template <class T>
TBRNN_FN T maximum(T floor, T x) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  if constexpr (sizeof(T) == sizeof(float)) {
    asm("max.NaN.f32 %0, %1, %2;" : "=f"(x) : "f"(floor), "f"(x));
    return x;
  }
#endif
  return floor > x ? floor : x;
}

}  // namespace tbrnn::dev
