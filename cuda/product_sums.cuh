// Sums over the lanes of a warp, of which each keeps a share.
#pragma once

#include "number.cuh"
#include "views.cuh"

namespace tbrnn::cuda {

// The sums of quads over the lanes of a warp that have the same units. A lane keeps its share of the quad, from value[0] on.
template <int lanes, class T, int count>
__device__ void over_slices(Number<T> (&value)[count][lane_units]) {
  TBRNN_UNROLL
  for (int apart = 16, kept = lane_units / 2; apart >= lanes; apart /= 2, kept /= 2) {
    const bool high = dev::thread() & apart;
    TBRNN_UNROLL
    for (int k = 0; k < count; ++k) TBRNN_UNROLL
    for (int i = 0; i < kept; ++i) {
      const Number<T> mine = high ? value[k][i + kept] : value[k][i],
                      theirs = high ? value[k][i] : value[k][i + kept];
      value[k][i] = mine + Number<T>(dev::shuffle_xor(all_lanes, theirs.v, apart));
    }
  }
}

// The sums of quads over the lanes of a group, in value[0] that of number l % 4 in lane l. Lane l has number k at k ^ (l % 4).
template <int lanes, class T, int count>
__device__ void over_units(Number<T> (&value)[count][lane_units]) {
  TBRNN_UNROLL
  for (int apart = lane_units / 2; apart; apart /= 2) TBRNN_UNROLL
  for (int k = 0; k < count; ++k) TBRNN_UNROLL
  for (int i = 0; i < apart; ++i)
    value[k][i] =
        value[k][i] + Number<T>(dev::shuffle_xor(all_lanes, value[k][i + apart].v, apart));
  TBRNN_UNROLL
  for (int apart = lane_units; apart < lanes; apart *= 2) TBRNN_UNROLL
  for (int k = 0; k < count; ++k)
    value[k][0] = value[k][0] + Number<T>(dev::shuffle_xor(all_lanes, value[k][0].v, apart));
}

}  // namespace tbrnn::cuda
