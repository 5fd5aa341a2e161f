// G_nk += sum_t a_tn b_tk over one tile of 32 trials: the gradient of a gather or a spread.
#pragma once

#include <cstddef>

#include "cpu/channel_width.hpp"
#include "cpu/rollout.hpp"

namespace tbrnn::inline TBRNN_ISA {

// Rows of consecutive steps, `step` apart (negative when time runs backwards).
template <class T>
struct Rows {
  const T* at;
  std::ptrdiff_t step;
};

// Lane sums of `Units` units and K channels, and with `total` of a itself, stay in registers over the steps.
template <class T, int Units, int K, bool total>
void outer_block(int steps, Rows<T> a, Rows<T> b, T* G, int stride, T* A) {
  using P = Pack<T>;
  P sum[Units * K], own[Units];
  const auto place = [&](int i) { return G + (i / K * stride + i % K) * P::lanes; };
  unroll<Units * K>([&](auto i) TBRNN_INLINED { sum[i] = P::load(place(i)); });
  if constexpr (total)
    unroll<Units>([&](auto n) TBRNN_INLINED { own[n] = P::load(A + n * P::lanes); });
  for (int t = 0; t < steps; ++t) {
    const T* row_a = a.at + t * a.step;
    const T* row_b = b.at + t * b.step;
    for (int lane = 0; lane < tile_trials; lane += P::lanes) {
      P value[Units];
      unroll<Units>([&](auto n)
                        TBRNN_INLINED { value[n] = P::load(row_a + n * tile_trials + lane); });
      if constexpr (total) unroll<Units>([&](auto n) TBRNN_INLINED { own[n] = own[n] + value[n]; });
      unroll<K>([&](auto k) TBRNN_INLINED {
        P channel = P::load(row_b + k * tile_trials + lane);
        in_registers(channel);
        unroll<Units>(
            [&](auto n) TBRNN_INLINED { sum[n * K + k] = fma(value[n], channel, sum[n * K + k]); });
      });
    }
  }
  unroll<Units * K>([&](auto i) TBRNN_INLINED { sum[i].store(place(i)); });
  if constexpr (total) unroll<Units>([&](auto n) TBRNN_INLINED { own[n].store(A + n * P::lanes); });
}

// Units whose sums, values and one channel fit the registers together, with four to spare: filled to the last, GCC spills sums.
template <int sums>
constexpr int units_at_once() {
  int units = 6;
  while (units > 1 && units * (sums + 1) + 1 >= vector_registers - 4) --units;
  return units;
}

// a [unit][32], b [channel][32]; lane sums G [unit][channel][lanes], and A [unit][lanes] of a itself unless null
template <class T>
void outer(int units, int channels, int steps, Rows<T> a, Rows<T> b, T* G, T* A) {
  const auto block = [&]<int K, bool total>(int k) {
    const auto some = [&]<int Units>(int n) {
      outer_block<T, Units, K, total>(
          steps, {a.at + n * tile_trials, a.step}, {b.at + k * tile_trials, b.step},
          G + (n * channels + k) * Pack<T>::lanes, channels, A + n * Pack<T>::lanes);
    };
    constexpr int many = units_at_once<K + total>();
    int n = 0;
    for (; n + many <= units; n += many) some.template operator()<many>(n);
    for (; n < units; ++n) some.template operator()<1>(n);
  };
  for (int k = 0; k < channels; k += width<T>)
    with_count<width<T>>(block_of<T>(channels - k), [&]<int K>() {
      if (k == 0 && A)
        block.template operator()<K, true>(k);
      else
        block.template operator()<K, false>(k);
    });
}

// Lane sums G[n] += sum_t a_t[n]
template <class T>
void total(int rows, int steps, Rows<T> a, T* G) {
  using P = Pack<T>;
  for (int n = 0; n < rows; ++n) {
    P sum = P::load(G + n * P::lanes);
    for (int t = 0; t < steps; ++t)
      for (int lane = 0; lane < tile_trials; lane += P::lanes)
        sum = sum + P::load(a.at + t * a.step + n * tile_trials + lane);
    sum.store(G + n * P::lanes);
  }
}

}  // namespace tbrnn::inline TBRNN_ISA
