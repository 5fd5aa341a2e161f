// c_k = sum_n W_nk a_n over one tile of 32 trials: overlaps and readouts; with Q, the adjoint of spread.
#pragma once

#include <type_traits>

#include "cpu/channel_width.hpp"
#include "cpu/rollout.hpp"

namespace tbrnn::inline TBRNN_ISA {

template <class T, int K, class Row>
void gather_block(int units, const T* W, int stride, int lane, Row row, T* c) {
  constexpr int chains = K >= 6 ? 1 : K >= 2 ? 2 : 4;  // partial sums that hide the latency of fma
  Two<T> sum[chains * K];
  unroll<chains * K>([&](auto i) TBRNN_INLINED { sum[i] = Two<T>(T(0)); });
  const auto add = [&](int n, auto chain) TBRNN_INLINED {
    const Two<T> a = row(n * tile_trials + lane);
    unroll<K>([&](auto k) TBRNN_INLINED {
      sum[chain * K + k] = fma(Two<T>(W[n * stride + k]), a, sum[chain * K + k]);
    });
  };
  int n = 0;
  for (; n + chains <= units; n += chains)
    unroll<chains>([&](auto chain) TBRNN_INLINED { add(n + chain, chain); });
  for (; n < units; ++n) add(n, std::integral_constant<int, 0>{});
  unroll<K>([&](auto k) TBRNN_INLINED {
    unroll<chains - 1>([&](auto chain)
                           TBRNN_INLINED { sum[k] = sum[k] + sum[(chain + 1) * K + k]; });
    sum[k].store(c + k * tile_trials + lane);
  });
}

// row(at) gives a at a place of a row array [unit][32], for each block of channels anew; W [unit][stride], c [channel][32]
template <class T, class Row>
void gather_rows(int units, int channels, const T* W, int stride, Row row, T* c) {
  for (int lane = 0; lane < tile_trials; lane += Two<T>::lanes)
    for (int k = 0; k < channels; k += width<T>)
      with_count<width<T>>(block_of<T>(channels - k), [&]<int K>() {
        gather_block<T, K>(units, W + k, stride, lane, row, c + k * tile_trials);
      });
}

// a [unit][32]
template <class T>
void gather(int units, int channels, const T* W, int stride, const T* a, T* c) {
  gather_rows(
      units, channels, W, stride, [a](int at) TBRNN_INLINED { return Two<T>::load(a + at); }, c);
}

}  // namespace tbrnn::inline TBRNN_ISA
