// The four passes of a channel rollout over one tile of 32 trials. All are loops over units with the channels' values of the tile in
// registers; channel counts are compile-time up to `width`, larger counts run as several blocks.
//   gather   c_k = sum_n P_nk a_n             overlaps and readouts; with Q it is the adjoint of drive
//   drive    x, phi from sum_c Q_nc s_c       the step
//   adjoint  lambda, e from sum_k P_nk dc_k   the step's adjoint
//   outer    G_nk += sum_t a_tn b_tk          gradient of P and Q
#pragma once

#include "cpu/elementary.hpp"
#include "cpu/rollout.hpp"
#include "equations/leak.hpp"
#include "equations/nonlinearity.hpp"

namespace tbrnn::inline TBRNN_ISA {

template <class T>
inline constexpr int pair = 2 * Pack<T>::lanes;  // trials in two vectors, worked on together

// Channel counts compiled out: two vectors for each channel must leave registers for the rest.
template <class T>
inline constexpr int width = sizeof(T) == 8 ? 4 : vector_registers == 32 ? 12 : 6;

template <class T>
struct Two {  // two vectors of a row
  Pack<T> a, b;
  static Two load(const T* at) { return {Pack<T>::load(at), Pack<T>::load(at + Pack<T>::lanes)}; }
  void store(T* at) const {
    a.store(at);
    b.store(at + Pack<T>::lanes);
  }
};

template <class T>
Two<T> fma(Pack<T> w, Two<T> s, Two<T> sum) {
  return {fma(w, s.a, sum.a), fma(w, s.b, sum.b)};
}

// Calls use(std::integral_constant<int, count>) for 1 <= count <= Most.
template <int Most, class Use>
inline void with_count(int count, Use&& use) {
  if constexpr (Most >= 1) {
    if (count == Most) use.template operator()<Most>();
    else with_count<Most - 1>(count, use);
  }
}

// c[k][32] = sum_n P[n][k] a[n][32] for `channels` columns of P with the given stride
template <class T, int K>
void gather_block(int units, const T* P, int stride, const T* a, T* c) {
  constexpr int chains = K >= 4 ? 1 : 4 / K;  // partial sums that hide the latency of fma
  Two<T> sum[chains][K];
#pragma GCC unroll 4
  for (int chain = 0; chain < chains; ++chain)
#pragma GCC unroll 16
    for (int k = 0; k < K; ++k) sum[chain][k] = {Pack<T>(T(0)), Pack<T>(T(0))};
  int n = 0;
  for (; n + chains <= units; n += chains)
#pragma GCC unroll 4
    for (int chain = 0; chain < chains; ++chain) {
      const Two<T> row = Two<T>::load(a + (n + chain) * tile_trials);
#pragma GCC unroll 16
      for (int k = 0; k < K; ++k) sum[chain][k] = fma(Pack<T>(P[(n + chain) * stride + k]), row, sum[chain][k]);
    }
  for (; n < units; ++n) {
    const Two<T> row = Two<T>::load(a + n * tile_trials);
#pragma GCC unroll 16
    for (int k = 0; k < K; ++k) sum[0][k] = fma(Pack<T>(P[n * stride + k]), row, sum[0][k]);
  }
#pragma GCC unroll 16
  for (int k = 0; k < K; ++k) {
#pragma GCC unroll 4
    for (int chain = 1; chain < chains; ++chain)
      sum[0][k] = {sum[0][k].a + sum[chain][k].a, sum[0][k].b + sum[chain][k].b};
    sum[0][k].store(c + k * tile_trials);
  }
}

template <class T>
void gather(int units, int channels, const T* P, int stride, const T* a, T* c) {
  for (int lane = 0; lane < tile_trials; lane += pair<T>)
    for (int k = 0; k < channels; k += width<T>)
      with_count<width<T>>(channels - k < width<T> ? channels - k : width<T>, [&]<int K>() {
        gather_block<T, K>(units, P + k, stride, a + lane, c + k * tile_trials + lane);
      });
}

// The nonlinearity that a pass is compiled for: tanh, or any by a switch.
struct Tanh {
  template <class V>
  V phi(V x) const { return tanh(x); }
  template <class V>
  V slope(V r) const { return fma(-r, r, V(1)); }
};

struct Any {
  Nonlinearity kind;
  template <class V>
  V phi(V x) const { return tbrnn::TBRNN_ISA::phi(kind, x); }
  template <class V>
  V slope(V r) const { return tbrnn::TBRNN_ISA::slope(kind, r); }
};

template <class Use>
inline void with_nonlinearity(Nonlinearity kind, Use&& use) {
  if (kind == Nonlinearity::tanh) use(Tanh{});
  else use(Any{kind});
}

// What one step reads and writes, rows [unit][32].
template <class T>
struct Step {
  int units, stride;
  const T* Q;
  const T* bias;
  const T* s;         // [channel][32]
  const T* noise;     // or null
  T leak, alpha, sigma;
  T* x;
  const T* before;    // carrier of the state before; the same as x in voltage form
  T* carrier;
  T* response;        // phi(h), voltage form
  T* sums;            // partial sums of earlier blocks of channels, or null
};

template <class T, int C, Form form, class Phi>
void drive_block(const Step<T>& step, Phi phi, int lane) {
  using P = Pack<T>;
  Two<T> s[C];
#pragma GCC unroll 16
  for (int c = 0; c < C; ++c) s[c] = Two<T>::load(step.s + c * tile_trials + lane);
  const P leak(step.leak), alpha(step.alpha), sigma(step.sigma);
  for (int n = 0; n < step.units; ++n) {
    const int row = n * tile_trials + lane;
    const Two<T> x = Two<T>::load(step.x + row);
    Two<T> sum = step.sums ? Two<T>::load(step.sums + row) : Two<T>{P(step.bias[n]), P(step.bias[n])};
#pragma GCC unroll 16
    for (int c = 0; c < C; ++c) sum = fma(P(step.Q[n * step.stride + c]), s[c], sum);
    Two<T> next;
    if constexpr (form == Form::rate) {
      next = fma(leak, x, sum);
    } else {
      const Two<T> response = {phi.phi(sum.a), phi.phi(sum.b)};
      response.store(step.response + row);
      next = {leak_voltage(x.a, response.a, leak, alpha), leak_voltage(x.b, response.b, leak, alpha)};
    }
    if (step.noise) next = fma(sigma, Two<T>::load(step.noise + row), next);
    next.store(step.x + row);
    if constexpr (form == Form::rate) next = {phi.phi(next.a), phi.phi(next.b)};
    next.store(step.carrier + row);
  }
}

// sums[n] (+)= sum_c W[n][c] s_c for one block of channels that is not the last; starts from bias, or from 0 without one
template <class T>
void spread(int units, const T* W, int stride, const T* bias, const T* s, bool first, T* sums, int lane) {
  constexpr int C = width<T>;
  Two<T> values[C];
#pragma GCC unroll 16
  for (int c = 0; c < C; ++c) values[c] = Two<T>::load(s + c * tile_trials + lane);
  for (int n = 0; n < units; ++n) {
    T* at = sums + n * tile_trials + lane;
    const Pack<T> start(bias ? bias[n] : T(0));
    Two<T> sum = first ? Two<T>{start, start} : Two<T>::load(at);
#pragma GCC unroll 16
    for (int c = 0; c < C; ++c) sum = fma(Pack<T>(W[n * stride + c]), values[c], sum);
    sum.store(at);
  }
}

template <class T>
void drive(Form form, Nonlinearity kind, Step<T> step, int channels, T* sums) {
  for (int lane = 0; lane < tile_trials; lane += pair<T>) {
    Step<T> last = step;
    int left = channels;
    for (; left > width<T>; left -= width<T>) {
      spread(step.units, last.Q, step.stride, step.bias, last.s, left == channels, sums, lane);
      last.Q += width<T>;
      last.s += width<T> * tile_trials;
      last.sums = sums;
    }
    with_nonlinearity(kind, [&](auto phi) {
      with_count<width<T>>(left, [&]<int C>() {
        if (form == Form::rate) drive_block<T, C, Form::rate>(last, phi, lane);
        else drive_block<T, C, Form::voltage>(last, phi, lane);
      });
    });
  }
}

// What the adjoint of one state reads and writes, rows [unit][32].
template <class T>
struct StepAdjoint {
  int units, stride;
  const T* P;
  const T* dc;          // [channel][32]
  const T* value;       // of phi: the carrier (rate form), the response phi(h) (voltage form)
  const T* error;       // what reaches the carrier besides, or null
  const T* lambda_next;
  T leak, alpha;
  T* lambda;
  T* e;                 // the same as lambda in rate form
  T* sums;
};

template <class T, int K, Form form, class Phi>
void adjoint_block(const StepAdjoint<T>& step, Phi phi, int lane) {
  using P = Pack<T>;
  Two<T> dc[K];
#pragma GCC unroll 16
  for (int k = 0; k < K; ++k) dc[k] = Two<T>::load(step.dc + k * tile_trials + lane);
  const P leak(step.leak), alpha(step.alpha);
  for (int n = 0; n < step.units; ++n) {
    const int row = n * tile_trials + lane;
    Two<T> g = step.sums ? Two<T>::load(step.sums + row) : Two<T>{P(T(0)), P(T(0))};
    if (step.error) {
      const Two<T> error = Two<T>::load(step.error + row);
      g = {g.a + error.a, g.b + error.b};
    }
#pragma GCC unroll 16
    for (int k = 0; k < K; ++k) g = fma(P(step.P[n * step.stride + k]), dc[k], g);
    const Two<T> value = Two<T>::load(step.value + row), next = Two<T>::load(step.lambda_next + row);
    const Two<T> slope = {phi.slope(value.a), phi.slope(value.b)};
    if constexpr (form == Form::rate) {
      const Two<T> lambda = {leak_rate_adjoint(next.a, g.a, slope.a, leak), leak_rate_adjoint(next.b, g.b, slope.b, leak)};
      lambda.store(step.lambda + row);
    } else {
      const Two<T> lambda = {leak_voltage_adjoint(next.a, g.a, leak), leak_voltage_adjoint(next.b, g.b, leak)};
      lambda.store(step.lambda + row);
      const Two<T> e = {preactivation_adjoint(lambda.a, slope.a, alpha), preactivation_adjoint(lambda.b, slope.b, alpha)};
      e.store(step.e + row);
    }
  }
}

template <class T>
void adjoint(Form form, Nonlinearity kind, StepAdjoint<T> step, int channels, T* sums) {
  for (int lane = 0; lane < tile_trials; lane += pair<T>) {
    StepAdjoint<T> last = step;
    int left = channels;
    for (; left > width<T>; left -= width<T>) {
      spread<T>(step.units, last.P, step.stride, nullptr, last.dc, left == channels, sums, lane);
      last.P += width<T>;
      last.dc += width<T> * tile_trials;
      last.sums = sums;
    }
    with_nonlinearity(kind, [&](auto phi) {
      with_count<width<T>>(left, [&]<int K>() {
        if (form == Form::rate) adjoint_block<T, K, Form::rate>(last, phi, lane);
        else adjoint_block<T, K, Form::voltage>(last, phi, lane);
      });
    });
  }
}

// A run of rows of consecutive steps, `step` apart (negative when time runs backwards).
template <class T>
struct Rows {
  const T* at;
  std::ptrdiff_t step;
};

// Lane sums G[n][k] += sum_t a_t[n] b_t[k] of `Units` units and K channels, kept in registers over the steps.
template <class T, int Units, int K>
void outer_block(int steps, Rows<T> a, Rows<T> b, T* G, int stride) {
  constexpr int lanes = Pack<T>::lanes;
  Pack<T> sum[Units][K];
#pragma GCC unroll 8
  for (int n = 0; n < Units; ++n)
#pragma GCC unroll 16
    for (int k = 0; k < K; ++k) sum[n][k] = Pack<T>::load(G + (n * stride + k) * lanes);
  for (int t = 0; t < steps; ++t) {
    const T* row_a = a.at + t * a.step;
    const T* row_b = b.at + t * b.step;
    for (int lane = 0; lane < tile_trials; lane += lanes) {
      Pack<T> value[Units];
#pragma GCC unroll 8
      for (int n = 0; n < Units; ++n) value[n] = Pack<T>::load(row_a + n * tile_trials + lane);
#pragma GCC unroll 16
      for (int k = 0; k < K; ++k) {
        const Pack<T> channel = Pack<T>::load(row_b + k * tile_trials + lane);
#pragma GCC unroll 8
        for (int n = 0; n < Units; ++n) sum[n][k] = fma(value[n], channel, sum[n][k]);
      }
    }
  }
#pragma GCC unroll 8
  for (int n = 0; n < Units; ++n)
#pragma GCC unroll 16
    for (int k = 0; k < K; ++k) sum[n][k].store(G + (n * stride + k) * lanes);
}

// Units that are worked on together so that their sums fit the registers.
template <class T, int K>
inline constexpr int units_at_once = (vector_registers - 6) / K >= 4 ? 4 : (vector_registers - 6) / K >= 2 ? 2 : 1;

template <class T>
void outer(int units, int channels, int steps, Rows<T> a, Rows<T> b, T* G) {
  for (int k = 0; k < channels; k += width<T>)
    with_count<width<T>>(channels - k < width<T> ? channels - k : width<T>, [&]<int K>() {
      constexpr int at_once = units_at_once<T, K>;
      const Rows<T> b_k = {b.at + k * tile_trials, b.step};
      T* column = G + k * Pack<T>::lanes;
      int n = 0;
      const auto next = [&]<int Units>() {
        outer_block<T, Units, K>(steps, {a.at + n * tile_trials, a.step}, b_k, column + n * channels * Pack<T>::lanes, channels);
        n += Units;
      };
      while (n + at_once <= units) next.template operator()<at_once>();
      while (n < units) next.template operator()<1>();
    });
}

// Lane sums G[n] += sum_t a_t[n]
template <class T>
void total(int units, int steps, Rows<T> a, T* G) {
  constexpr int lanes = Pack<T>::lanes;
  for (int n = 0; n < units; ++n) {
    Pack<T> sum = Pack<T>::load(G + n * lanes);
    for (int t = 0; t < steps; ++t)
      for (int lane = 0; lane < tile_trials; lane += lanes)
        sum = sum + Pack<T>::load(a.at + t * a.step + n * tile_trials + lane);
    sum.store(G + n * lanes);
  }
}

}  // namespace tbrnn::inline TBRNN_ISA
