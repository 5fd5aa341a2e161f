// Channel counts are compiled out up to `width`; larger counts run as several blocks.
#pragma once

#include "cpu/simd.hpp"

namespace tbrnn::inline TBRNN_ISA {

// The trials that a pass works on at a time.
template <class T>
using Two = Pack<T, 2>;

// Channels of one block: two vectors for each must leave registers for the rest.
template <class T>
inline constexpr int width = sizeof(T) == 8           ? 4
                             : vector_registers == 32 ? 12
                                                      : 6;

// use<count>() for 1 <= count <= Most
template <int Most, class Use>
inline void with_count(int count, Use&& use) {
  if constexpr (Most >= 1) {
    if (count == Most)
      use.template operator()<Most>();
    else
      with_count<Most - 1>(count, use);
  }
}

template <class T>
inline int block_of(int channels) {
  return channels < width<T> ? channels : width<T>;
}

}  // namespace tbrnn::inline TBRNN_ISA
