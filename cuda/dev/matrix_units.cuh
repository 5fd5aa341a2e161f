// Products of small matrices, which a warp makes together on the tensor cores. Compiled for less than 8.0 there are none.
#pragma once

#include "dev/capability.cuh"

namespace tbrnn::dev {

// d [16][8] += a [16][8] b [8][8], of which lane 4 g + c has
//   a   rows g, g + 8 of column c, then of column c + 4      b   rows c, c + 4 of column g
//   d   columns 2 c, 2 c + 1 of row g, then of row g + 8
// Of a and b the first 11 binary digits are used; what does not fit a sum of float32 is cut off.
__device__ inline void add_product(float (&d)[4], const float (&a)[4], const float (&b)[2]) {
  if constexpr (compiled_capability >= 80)
    asm volatile(
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(__float_as_uint(a[0])), "r"(__float_as_uint(a[1])), "r"(__float_as_uint(a[2])),
          "r"(__float_as_uint(a[3])), "r"(__float_as_uint(b[0])), "r"(__float_as_uint(b[1])));
}

}  // namespace tbrnn::dev
