// Products of float32 on units that multiply tf32, of 11 binary digits: each factor is split into two of these,
//   x = high + low, high the nearest to x        a b = a_low b_high + a_high b_low + a_high b_high
// without a_low b_low, less than 2^-22 of the product. The units cut off what does not fit a sum, always towards zero, so they add few
// products, the small ones first, and float32 adds these sums.
#pragma once

#include <bit>

#include "number.cuh"

namespace tbrnn::cuda {

template <class T>
inline constexpr bool may_split = sizeof(T) == sizeof(float);

template <int count>
struct Split {
  float high[count], low[count];

  Split() = default;
  __device__ explicit Split(const float (&x)[count]) {
    TBRNN_UNROLL
    for (int i = 0; i < count; ++i) {
      high[i] = cut_off(x[i], digit / 2);
      low[i] = cut_off(x[i] - high[i], 0);  // not rounded, since that would lose a NaN
    }
  }

 private:
  static constexpr std::uint32_t digit = 0x2000;  // the last of tf32
  __device__ static float cut_off(float x, std::uint32_t rounding) {
    return std::bit_cast<float>((std::bit_cast<std::uint32_t>(x) + rounding) & ~(digit - 1));
  }
};

// sum [n] += a b [n], of `depth` eights of products
template <int depth, int columns>
__device__ void add_products(float (&sum)[columns][4], const Split<4> (&a)[depth],
                             const Split<2> (&b)[depth][columns]) {
  const auto each = [](auto use) {
    TBRNN_UNROLL
    for (int k = 0; k < depth; ++k) TBRNN_UNROLL
    for (int n = 0; n < columns; ++n) use(k, n);
  };
  each([&](int k, int n) { dev::add_product(sum[n], a[k].low, b[k][n].high); });
  each([&](int k, int n) { dev::add_product(sum[n], a[k].high, b[k][n].low); });
  each([&](int k, int n) { dev::add_product(sum[n], a[k].high, b[k][n].high); });
}

}  // namespace tbrnn::cuda
