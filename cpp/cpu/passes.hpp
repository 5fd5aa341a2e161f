// The passes of a channel rollout over one tile of 32 trials: loops over units, with the channels' values of the tile in registers.
//   gather   c_k = sum_n W_nk a_n              overlaps and readouts; with Q, the adjoint of spread
//   spread   y_n = start_n + sum_c W_nc s_c    drives; with P, the adjoint of gather
//   outer    G_nk += sum_t a_tn b_tk           gradient of either
//   respond  r = phi(x)
// Channel counts are compiled out up to `width`; larger counts run as several blocks. Passes that take nothing from a time loop are
// compiled once, in passes.cpp.
#pragma once

#include "cpu/elementary.hpp"
#include "cpu/rollout.hpp"
#include "equations/nonlinearity.hpp"

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

// The nonlinearity that a pass is compiled for: tanh, or any by a switch.
struct Tanh {
  template <class V>
  TBRNN_PACK V phi(V x) const {
    return tbrnn::TBRNN_ISA::phi(Nonlinearity::tanh, x);
  }
  template <class V>
  TBRNN_PACK V slope(V r) const {
    return tbrnn::TBRNN_ISA::slope(Nonlinearity::tanh, r);
  }
};

template <class T>
struct Any {
  const Activation<T>& activation;
  template <class V>
  V phi(V x) const {
    return tbrnn::TBRNN_ISA::phi(activation, x);
  }
  template <class V>
  V slope(V r) const {
    return tbrnn::TBRNN_ISA::slope(activation, r);
  }
};

template <class T, class Use>
inline void with_nonlinearity(const Activation<T>& activation, Use&& use) {
  if (activation == Activation<T>{})
    use(Tanh{});
  else
    use(Any<T>{activation});
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

// r = phi(x), rows [unit][32]. Four vectors at once: the chain of dependent instructions is too long for fewer.
template <class T>
void respond(const Activation<T>& activation, int units, const T* x, T* r) {
  using P = Pack<T, 4>;
  static_assert(tile_trials % Pack<T>::lanes == 0);
  with_nonlinearity(activation, [&](auto phi) {
    const int size = units * tile_trials;
    int i = 0;
    for (; i + P::lanes <= size; i += P::lanes) phi.phi(P::load(x + i)).store(r + i);
    for (; i < size; i += Pack<T>::lanes) phi.phi(Pack<T>::load(x + i)).store(r + i);
  });
}

#define TBRNN_PASSES(EXTERN, T)                                            \
  EXTERN template void gather(int, int, const T*, int, const T*, T*);      \
  EXTERN template void spread_rows(int, int, const T*, int, const T*, T*); \
  EXTERN template void outer(int, int, int, Rows<T>, Rows<T>, T*, T*);     \
  EXTERN template void total(int, int, Rows<T>, T*);                       \
  EXTERN template void respond(const Activation<T>&, int, const T*, T*);
TBRNN_PASSES(extern, float)
TBRNN_PASSES(extern, double)

}  // namespace tbrnn::inline TBRNN_ISA
