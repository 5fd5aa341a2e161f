// The time loop of one trial, on the lanes of its group. It knows layout and memory; the science is in cpp/equations.
//
//   s = mix(c), u        the channels of the trial, in every lane
//   x_n <- leak x_n + b_n + y_n + sum_c Q_nc s_c + sigma xi_n      the lane's units; y of a product stage
//   c_k = sum_n P_nk r_n                                      a shuffle over the group
#pragma once

#include "equations/leak.hpp"
#include "lane.cuh"
#include "normals.cuh"
#include "product.cuh"

namespace tbrnn::cuda {

// The inputs of step t, behind the first numbers of s: u, and with noise u + sigma xi or max(0, u + sigma xi).
template <class T, class S, int most>
__device__ void inputs_of(const Shape<T>& shape, const Source<T>& trial, const Noise<T>& noise,
                          int t, int first, Number<T> (&s)[most]) {
  using V = Number<T>;
  const typename S::template Of<T> sizes{shape};
  TBRNN_UNROLL_TIMES(S::unrolled)
  for (int i = 0; i < sizes.inputs(); ++i)
    s[first + i] = i < shape.inputs ? Source<T>::entry(trial.inputs, shape.inputs, t, i) : V(T(0));
  if (!sizes.noisy_inputs() || noise.input_sigma == T(0)) return;
  for (int begin = 0; begin < sizes.inputs(); begin += lane_units) {
    T z[lane_units];
    normals(noise, t, trial.number, begin, z, Purpose::input_noise);
    for (int i = 0; i < lane_units && begin + i < shape.inputs; ++i) {
      V& u = s[first + begin + i];
      u = fma(V(noise.input_sigma), V(z[i]), u);
      if (shape.rectified_inputs) u = maximum(V(T(0)), u);
    }
  }
}

// s = mix(c), then the inputs of step t
template <class Model, class T, class S>
__device__ void drives_of(const Shape<T>& shape, const Source<T>& trial, const Noise<T>& noise,
                          int t, Number<T> (&c)[S::most_channels], Number<T> (&s)[S::most_driven]) {
  const typename S::template Of<T> sizes{shape};
  Model::mix(sizes.ranks(), Values<T>{c}, Values<T>{s});
  inputs_of<T, S>(shape, trial, noise, t, sizes.drives(), s);
}

// The overlaps of the carrier and the outputs of what the readout reads.
template <class T, class S, int lanes>
__device__ void channels_of(const Shape<T>& shape, const LaneWeights<T, S>& w,
                            const Number<T> (&b_out)[S::most_channels],
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
  TBRNN_UNROLL_TIMES(S::unrolled)
  for (int k = sizes.reductions(); k < sizes.channels(); ++k) c[k] = c[k] + b_out[k];
}

// The biases of the readouts, at their channels.
template <class T, class S>
__device__ void load_b_out(const Shape<T>& shape, const Packed<T>& packed,
                           Number<T> (&b_out)[S::most_channels]) {
  const typename S::template Of<T> sizes{shape};
  TBRNN_UNROLL_TIMES(S::unrolled)
  for (int o = 0; o < sizes.readouts(); ++o)
    b_out[sizes.reductions() + o] = Number<T>(o < shape.readouts ? packed.b_out[o] : T(0));
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

// Rows of the channels of one trial: written by the group's first lane, read by all of them.
template <class T, int lanes>
__device__ T* channel_row(const History<T>& history, int t) {
  const int at = t * Group<lanes>::trials + Group<lanes>::trial();
  return history.channels + at * history.row;  // int: memory holds fewer than 2^31
}

template <class T, class S, int lanes>
__device__ void save_channels(const Shape<T>& shape, const History<T>& history, int t,
                              const Number<T> (&c)[S::most_channels]) {
  const typename S::template Of<T> sizes{shape};
  if (Group<lanes>::lane()) return;
  T* row = channel_row<T, lanes>(history, t);
  TBRNN_UNROLL_TIMES(S::unrolled)
  for (int k = 0; k < sizes.channels(); ++k)
    if (k < sizes.reductions() || k - sizes.reductions() < shape.readouts) row[k] = c[k].v;
}

template <class T, class S, int lanes>
__device__ void read_channels(const Shape<T>& shape, const History<T>& history, int t,
                              Number<T> (&c)[S::most_channels]) {
  const typename S::template Of<T> sizes{shape};
  const T* row = channel_row<T, lanes>(history, t);
  TBRNN_UNROLL_TIMES(S::unrolled)
  for (int k = 0; k < sizes.channels(); ++k) {
    const bool exists = k < sizes.reductions() || k - sizes.reductions() < shape.readouts;
    c[k] = Number<T>(exists ? row[k] : T(0));
  }
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
    x[i] = trial.initial && n < shape.units ? Source<T>::entry(trial.initial, 0, 0, n)
                                            : Number<T>(T(0));
  }
}

template <class Model, class T, class S, int lanes>
__device__ void forward(const Shape<T>& shape, int steps, const Source<T>& trial, Noise<T> noise,
                        const LaneWeights<T, S>& w, const Packed<T>& packed,
                        const History<T>& history) {
  using V = Number<T>;
  const typename S::template Of<T> sizes{shape};
  const V leak(shape.leak), alpha(shape.alpha), sigma(noise.sigma);
  V x[lane_units], carrier[lane_units], out[lane_units];
  V c[S::most_channels], s[S::most_driven], b_out[S::most_channels];
  load_b_out<T, S>(shape, packed, b_out);
  start<T, lanes>(shape, trial, x);
  [[maybe_unused]] LaneLeaks<T> own;
  if (sizes.own_leak()) own = LaneLeaks<T>::template of<lanes>(shape);
  for (int t = 0;; ++t) {  // state t, then the step to the next
    send<T, S>(shape, x, carrier, out);
    history.carrier[place(t)] = quad(carrier);
    if (sizes.apart() && t) history.apart[place(t - 1)] = quad(out);
    if (sizes.own_leak() && !sizes.voltage() && t) history.state[place(t - 1)] = quad(x);
    channels_of<T, S, lanes>(shape, w, b_out, carrier, out, c);
    save_channels<T, S, lanes>(shape, history, t, c);
    if (t == steps) return;
    drives_of<Model, T, S>(shape, trial, noise, t, c, s);
    [[maybe_unused]] V y[1][lane_units];
    if constexpr (Product<Model>::exists) {
      dev::block_barrier();  // the carriers of the trial are saved
      drive_of_product<Model, T, lanes>(shape, packed, history, t, y);
    }
    V response[lane_units];
    TBRNN_UNROLL
    for (int i = 0; i < lane_units; ++i) {
      const bool apart = sizes.voltage() || sizes.own_leak();  // the leak from the sum
      V sum = apart ? w.bias[i][0] : fma(leak, x[i], w.bias[i][0]);
      if constexpr (Product<Model>::exists) sum = sum + y[0][i];
      TBRNN_UNROLL_TIMES(S::unrolled)
      for (int k = 0; k < sizes.driven(); ++k) sum = fma(w.drive[i][k], s[k], sum);
      if (sizes.voltage()) response[i] = sum = phi(sizes.phi(), sum);
      if (sizes.own_leak())
        sum = own_leak(x[i], sum, own.leak[i], own.alpha[i], own.cubic[i]);
      else if (sizes.voltage())
        sum = leak_voltage(x[i], sum, leak, alpha);
      x[i] = sum;
    }
    if (noise.sigma != T(0)) {
      T z[lane_units];
      normals(noise, t, trial.number, Group<lanes>::unit(0), z);
      TBRNN_UNROLL
      for (int i = 0; i < lane_units; ++i) x[i] = fma(sigma, V(z[i]), x[i]);
    }
    if (sizes.voltage()) history.response[place(t)] = quad(response);
  }
}

}  // namespace tbrnn::cuda
