// The time loop of one trial, on the lanes of its group; of networks with a product stage see product_loop.cuh. It knows layout and
// memory; the science is in cpp/equations.
//
//   s = mix(c), u        the channels of the trial, in every lane
//   x_n <- leak x_n + b_n + sum_c Q_nc s_c + sigma xi_n      the lane's units
//   c_k = sum_n P_nk r_n                                     a shuffle over the group
#pragma once

#include "equations/leak.hpp"
#include "lane.cuh"
#include "normals.cuh"
#include "ring.cuh"

namespace tbrnn::cuda {

// The inputs, and if there is room for it the 1 that fills up their quad, at the end of s; asked for well before they are needed.
template <class T, int most>
__device__ void read_ahead(const T* row, int first, Number<T> (&s)[most]) {
  const auto* at = reinterpret_cast<const Quad<T>*>(row);
  const Quad<T> q = most - first == lane_units ? dev::load(at) : dev::load_three(at);
  TBRNN_UNROLL
  for (int i = 0; first + i < most; ++i) s[first + i] = Number<T>(q.v[i]);
}

// The inputs of step t, behind the first numbers of s: u, and with noise u + sigma xi or max(0, u + sigma xi).
template <class T, class S, int most>
__device__ void inputs_of(const Shape<T>& shape, const Source<T>& trial, const Noise<T>& noise,
                          int t, int first, Number<T> (&s)[most]) {
  using V = Number<T>;
  const typename S::template Of<T> sizes{shape};
  const T* row = Source<T>::step(trial.inputs, t, whole_quads(sizes.inputs()));
  if constexpr (S::asks_ahead)
    read_ahead(row, first, s);
  else
    read_row(row, first, sizes.inputs(), s);
  if (!sizes.noisy_inputs() || noise.input_sigma == T(0)) return;
  for (int begin = 0; begin < sizes.inputs(); begin += lane_units) {
    T z[lane_units];
    normals(noise, t, trial.number, begin, z, Purpose::input_noise);
    for (int i = 0; i < lane_units && begin + i < shape.inputs; ++i) {
      V& u = s[first + begin + i];
      u = with_noise(u, V(noise.input_sigma), V(z[i]));
      if (shape.rectified_inputs) u = rectified(u);
    }
  }
}

// The overlaps of the carrier and, without their biases, the outputs of what the readout reads.
template <class T, class S, int lanes>
__device__ void channels_of(const Shape<T>& shape, const LaneWeights<T, S>& w,
                            const Number<T> (&carrier)[lane_units],
                            const Number<T> (&out)[lane_units], Number<T> (&c)[S::most_channels]) {
  const typename S::template Of<T> sizes{shape};
  TBRNN_UNROLL_TIMES(S::unrolled)
  for (int k = 0; k < sizes.channels(); ++k) {
    c[k] = Number<T>(T(0));
    TBRNN_UNROLL
    for (int i = 0; i < lane_units; ++i)
      c[k] = fma(w.gather[i][k], k < sizes.reductions() ? carrier[i] : out[i], c[k]);
  }
  Group<lanes>::sum(c, sizes.channels());
}

template <class T>
__device__ Quad<T> quad(const Number<T> (&value)[lane_units]) {
  Quad<T> q;
  TBRNN_UNROLL
  for (int i = 0; i < lane_units; ++i) q.v[i] = value[i].v;
  return q;
}

template <class T>
__device__ void from(Quad<T> q, Number<T> (&value)[lane_units]) {
  TBRNN_UNROLL
  for (int i = 0; i < lane_units; ++i) value[i] = Number<T>(q.v[i]);
}

// Written by the group's first lane, read by all of them.
template <class T, class S, int lanes>
__device__ void save_channels(const Shape<T>& shape, const Trace<T, S, lanes>& trace, int t,
                              const Number<T> (&c)[S::most_channels]) {
  const typename S::template Of<T> sizes{shape};
  if (Group<lanes>::lane()) return;
  write_channels(c, 0, sizes.reductions(), trace.overlaps(t));
  write_channels(c, sizes.reductions(), sizes.readouts(), trace.outputs(t));
}

// What state x sends on: the carrier, and what the readout reads.
template <class T, class S>
__device__ void send(const Shape<T>& shape, const Number<T> (&x)[lane_units],
                     Number<T> (&carrier)[lane_units], Number<T> (&out)[lane_units]) {
  const typename S::template Of<T> sizes{shape};
  TBRNN_UNROLL
  for (int i = 0; i < lane_units; ++i) {
    carrier[i] = sizes.voltage() ? x[i] : phi(sizes.phi(), x[i]);
    out[i] = sizes.apart() ? phi(sizes.phi_out(), x[i]) : carrier[i];
  }
}

template <class T, int lanes>
__device__ void start(const Shape<T>& shape, const Source<T>& trial, Number<T> (&x)[lane_units]) {
  TBRNN_UNROLL
  for (int i = 0; i < lane_units; ++i) {
    const int n = Group<lanes>::unit(i);
    const Number<T> first(trial.initial && n < shape.units ? trial.initial[n] : T(0));
    // A sum, which waits for the load. Else the loop would begin each turn with waiting, then for what was asked for in the last one.
    x[i] = first + Number<T>(T(0));
  }
}

// x += sigma xi of step t
template <class T, int lanes>
__device__ void add_noise(const Noise<T>& noise, int t, const Source<T>& trial,
                          Number<T> (&x)[lane_units]) {
  if (noise.sigma == T(0)) return;
  T z[lane_units];
  normals(noise, t, trial.number, Group<lanes>::unit(0), z);
  TBRNN_UNROLL
  for (int i = 0; i < lane_units; ++i)
    x[i] = with_noise(x[i], Number<T>(noise.sigma), Number<T>(z[i]));
}

// Memory is slow: what a step needs is asked for well before.
template <class Model, class T, class S, int lanes>
__device__ void forward(const Shape<T>& shape, int steps, const Source<T>& trial, Noise<T> noise,
                        const LaneWeights<T, S>& w, const History<T>& history) {
  using V = Number<T>;
  const typename S::template Of<T> sizes{shape};
  const V leak(shape.leak), alpha(shape.alpha);
  V x[lane_units], carrier[lane_units], out[lane_units];
  using Driven = V[S::most_driven];
  V c[S::most_channels];
  const Trace<T, S, lanes> trace(shape, steps, history);
  start<T, lanes>(shape, trial, x);
  [[maybe_unused]] LaneLeaks<T> own;
  if (sizes.own_leak()) own = LaneLeaks<T>::template of<lanes>(shape);
  const auto read_inputs = [&](int t, Driven& s) {
    if (t < steps) inputs_of<T, S>(shape, trial, noise, t, sizes.drives(), s);
  };
  Ring<T, lanes>& ring = Ring<T, lanes>::of_block();
  // State t, `at` of `trace`, then the step to the next. Who asks ahead finds the inputs in `s`, and leaves those of two steps later, or
  // with the ring, whose slot of step t is `at`, of the next one; `given` are those of four steps behind step 0 of `trace`, of which the lane
  // asks for some of the first `left`.
  const auto take_step = [&](int t, const Trace<T, S, lanes>& trace, int at, Driven& s,
                             const Quad<T>* given, int left) {
    const bool last = t >= steps;
    if constexpr (!S::asks_ahead) read_inputs(t, s);
    send<T, S>(shape, x, carrier, out);
    dev::store(quad(carrier), trace.carrier_at(at));
    if (sizes.apart() && t) history.apart[place(t - 1)] = quad(out);
    if (sizes.own_leak() && !sizes.voltage() && t) history.state[place(t - 1)] = quad(x);
    channels_of<T, S, lanes>(shape, w, carrier, out, c);
    save_channels(shape, trace, at, c);
    if (last) return false;
    Model::mix(sizes.ranks(), Values<T>{c}, Values<T>{s});
    V response[lane_units];
    TBRNN_UNROLL
    for (int i = 0; i < lane_units; ++i) {
      const bool apart = sizes.voltage() || sizes.own_leak();  // the leak from the sum
      V sum = apart ? w.bias[i][0] : leak_rate(x[i], w.bias[i][0], leak);
      TBRNN_UNROLL_TIMES(S::unrolled)
      for (int k = sizes.drives(); k < sizes.driven(); ++k) sum = fma(w.drive[i][k], s[k], sum);
      TBRNN_UNROLL_TIMES(S::unrolled)
      for (int k = 0; k < sizes.drives(); ++k) sum = fma(w.drive[i][k], s[k], sum);  // known last
      if (sizes.voltage()) response[i] = sum = phi(sizes.phi(), sum);
      if (sizes.own_leak())
        sum = own_leak(x[i], sum, own.leak[i], own.alpha[i], own.cubic[i]);
      else if (sizes.voltage())
        sum = leak_voltage(x[i], sum, leak, alpha);
      x[i] = sum;
    }
    if constexpr (S::has_ring) {
      if (at % 2) {
        ring.template groups_arrive<0>();
        ring.ask_for_inputs(left > at - 1, given + (at - 1) * tile_trials, at - 1);
        ring.close_group();
      }
      ring.receive_inputs(at + 1, sizes.drives(), s);
    } else if constexpr (S::asks_ahead) {
      read_inputs(t + 2, s);
    }
    add_noise<T, lanes>(noise, t, trial, x);
    if (sizes.voltage()) history.response[place(t)] = quad(response);
    return true;
  };
  Driven s;
  if constexpr (S::has_ring) {  // four steps at a time, so that all places in the ring are known
    const auto* given = ring.own_inputs(trial.inputs, 1);
    const int mine = ring.asks_for_inputs() ? steps - ring.lane() : 0;
    ring.ask_for_inputs(mine > 0, given, 0);
    ring.close_group();
    ring.ask_for_inputs(mine > 2, given + 2 * tile_trials, 2);
    ring.close_group();
    ring.template groups_arrive<1>();
    ring.receive_inputs(0, sizes.drives(), s);
    for (int t = 0;; t += 4) {
      const Trace<T, S, lanes> here = trace.from(t);
      const Quad<T>* later = dev::kept(given + (t + 4) * tile_trials);
      const int left = mine - t - 4;
      if (!take_step(t, here, 0, s, later, left) || !take_step(t + 1, here, 1, s, later, left) ||
          !take_step(t + 2, here, 2, s, later, left) || !take_step(t + 3, here, 3, s, later, left))
        return;
    }
  } else if constexpr (S::asks_ahead) {  // two steps at a time, so that no numbers are copied
    Driven next;
    read_inputs(0, s);
    read_inputs(1, next);
    for (int t = 0;; t += 2) {
      const Trace<T, S, lanes> here = trace.from(t);
      if (!take_step(t, here, 0, s, nullptr, 0) || !take_step(t + 1, here, 1, next, nullptr, 0))
        return;
    }
  } else {
    for (int t = 0; take_step(t, trace, t, s, nullptr, 0);) ++t;
  }
}

}  // namespace tbrnn::cuda
