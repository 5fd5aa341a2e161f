// y_n = start_n + sum_c W_nc s_c over one tile of 32 trials: drives; with P, the adjoint of gather.
#pragma once

#include <type_traits>

#include "cpu/channel_width.hpp"
#include "cpu/respond.hpp"
#include "cpu/rollout.hpp"

namespace tbrnn::inline TBRNN_ISA {

inline constexpr int spread_units = 2;  // chains of fma side by side, times two vectors

template <class T, int C, class Start, class Finish>
void spread_block(int units, const T* W, int stride, const T* s, int lane, Start start,
                  Finish finish) {
  Two<T> value[C];
  unroll<C>([&](auto c) TBRNN_INLINED { value[c] = Two<T>::load(s + c * tile_trials + lane); });
  const auto block = [&]<int Units>(std::integral_constant<int, Units>, int first) TBRNN_INLINED {
    Two<T> sum[Units];
    unroll<Units>(
        [&](auto n) TBRNN_INLINED { sum[n] = start(first + n, (first + n) * tile_trials + lane); });
    unroll<C>([&](auto c) TBRNN_INLINED {
      unroll<Units>([&](auto n) TBRNN_INLINED {
        sum[n] = fma(Two<T>(W[(first + n) * stride + c]), value[c], sum[n]);
      });
    });
    unroll<Units>([&](auto n) TBRNN_INLINED { finish((first + n) * tile_trials + lane, sum[n]); });
  };
  int n = 0;
  for (; n + spread_units <= units; n += spread_units)
    block(std::integral_constant<int, spread_units>{}, n);
  for (; n < units; ++n) block(std::integral_constant<int, 1>{}, n);
}

// rows [unit][32] += the drives of channels s [channel][32]
template <class T>
void spread_rows(int units, int channels, const T* W, int stride, const T* s, T* rows) {
  const auto resume = [&](int, int at) TBRNN_INLINED { return Two<T>::load(rows + at); };
  const auto keep = [&](int at, Two<T> sum) TBRNN_INLINED { sum.store(rows + at); };
  for (int lane = 0; lane < tile_trials; lane += Two<T>::lanes)
    for (int c = 0; c < channels; c += width<T>)
      with_count<width<T>>(block_of<T>(channels - c), [&]<int C>() {
        spread_block<T, C>(units, W + c, stride, s + c * tile_trials, lane, resume, keep);
      });
}

// start(n, at) gives the first term of unit n, finish(at, y) takes the sum; at is the place in a row array [unit][32]. The sums
// lie in `rows` meanwhile.
template <class T, class Start, class Finish>
void spread_apart(int units, int channels, const T* W, int stride, const T* s, T* rows, Start start,
                  Finish finish) {
  using P = Two<T>;
  for (int n = 0; n < units; ++n)
    for (int at = n * tile_trials; at < (n + 1) * tile_trials; at += P::lanes)
      start(n, at).store(rows + at);
  spread_rows(units, channels, W, stride, s, rows);
  for (int at = 0; at < units * tile_trials; at += P::lanes) finish(at, P::load(rows + at));
}

// The same in one pass for float and few channels, which is compiled for each number of channels.
template <class T, class Start, class Finish>
void spread(int units, int channels, const T* W, int stride, const T* s, T* rows, Start start,
            Finish finish) {
  if constexpr (sizeof(T) == 4)
    if (0 < channels && channels <= width<T>) {
      for (int lane = 0; lane < tile_trials; lane += Two<T>::lanes)
        with_count<width<T>>(channels, [&]<int C>() {
          spread_block<T, C>(units, W, stride, s, lane, start, finish);
        });
      return;
    }
  spread_apart(units, channels, W, stride, s, rows, start, finish);
}

// A spread whose end takes slopes of phi: compiled in one pass for tanh only.
template <class Phi, class T, class Start, class Finish>
void spread_for(Phi, int units, int channels, const T* W, int stride, const T* s, T* rows,
                Start start, Finish finish) {
  if constexpr (std::is_same_v<Phi, Tanh>)
    spread(units, channels, W, stride, s, rows, start, finish);
  else
    spread_apart(units, channels, W, stride, s, rows, start, finish);
}

}  // namespace tbrnn::inline TBRNN_ISA
