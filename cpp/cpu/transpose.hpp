// Units on lanes instead of trials: rows [unit][32] of one step into [trial][32 units].
#pragma once

#include <cstring>

#include "cpu/rollout.hpp"
#include "cpu/simd.hpp"

namespace tbrnn::inline TBRNN_ISA {

// a0 b0 a1 b1 ... of the lower (half 0) or the upper lanes
template <int half, class T>
TBRNN_PACK Native<T> interleave(Native<T> a, Native<T> b) {
  constexpr int lanes = Pack<T>::lanes;
  Native<Bits<T>> from;
  for (int lane = 0; lane < lanes; ++lane)
    from[lane] = half * lanes / 2 + lane / 2 + lane % 2 * lanes;
  return __builtin_shuffle(a, b, from);
}

// A square of vectors: interleaving halves log2(lanes) times is its transpose.
template <int rounds, class T>
TBRNN_PACK void transpose(Native<T>* v) {
  if constexpr (rounds > 0) {
    constexpr int lanes = Pack<T>::lanes;
    Native<T> w[lanes];
    unroll<lanes / 2>([&](auto i) TBRNN_INLINED {
      w[2 * i] = interleave<0, T>(v[i], v[i + lanes / 2]);
      w[2 * i + 1] = interleave<1, T>(v[i], v[i + lanes / 2]);
    });
    transpose<rounds - 1, T>(w);
    unroll<lanes>([&](auto i) TBRNN_INLINED { v[i] = w[i]; });
  }
}

constexpr int log2_of(int n) { return n == 1 ? 0 : 1 + log2_of(n / 2); }

// `units` rows, at most 32; where there are fewer, zeros
template <class T>
void transpose_rows(const T* rows, int units, T* to) {
  constexpr int lanes = Pack<T>::lanes;
  for (int unit = 0; unit < tile_trials; unit += lanes)
    for (int trial = 0; trial < tile_trials; trial += lanes) {
      Native<T> v[lanes];
      unroll<lanes>([&](auto i) TBRNN_INLINED {
        v[i] = unit + i < units ? Pack<T>::load(rows + (unit + i) * tile_trials + trial).v[0]
                                : Native<T>{};
      });
      transpose<log2_of(lanes), T>(v);
      unroll<lanes>([&](auto i) TBRNN_INLINED {
        std::memcpy(to + (trial + i) * tile_trials + unit, &v[i], vector_bytes);
      });
    }
}

}  // namespace tbrnn::inline TBRNN_ISA
