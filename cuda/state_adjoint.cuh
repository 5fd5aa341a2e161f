// The parts of a step of backward.cuh: from the adjoints of the channels to those of the state, and what they add to the gradient.
#pragma once

#include "readout_errors.cuh"

namespace tbrnn::cuda {

// Where each unit has its own leak, what state t + 2 gives to lambda of state t + 1; the rest of the step has leak 1.
template <class T, class S, int lanes>
__device__ void own_leak_adjoint(const Shape<T>& shape, const History<T>& history,
                                 const LaneLeaks<T>& own, int t, Number<T> (&lambda)[lane_units]) {
  const typename S::template Of<T> sizes{shape};
  Number<T> x[lane_units];
  from(sizes.voltage() ? history.carrier[place(t + 1)] : history.state[place(t)], x);
  TBRNN_UNROLL
  for (int i = 0; i < lane_units; ++i)
    lambda[i] = tbrnn::own_leak_adjoint(lambda[i], x[i], own.leak[i], own.cubic[i]);
}

// From dc of the channels that read state t + 1 and lambda of state t + 2 to lambda and e.
template <class T, class S>
__device__ void state_adjoint(const Shape<T>& shape, const LaneWeights<T, S>& w,
                              const Number<T> (&carrier)[lane_units],
                              const Number<T> (&out)[lane_units],
                              const Number<T> (&response)[lane_units],
                              const Number<T> (&dc)[S::most_channels],
                              const Number<T> (&d_o)[lane_units], Number<T> (&lambda)[lane_units],
                              Number<T> (&e)[lane_units]) {
  using V = Number<T>;
  const typename S::template Of<T> sizes{shape};
  const V leak(shape.leak), alpha(shape.alpha);
  const int gathered = sizes.apart() ? sizes.reductions() : sizes.channels();
  TBRNN_UNROLL
  for (int i = 0; i < lane_units; ++i) {
    V g = sizes.apart() ? V(T(0)) : d_o[i];
    TBRNN_UNROLL_TIMES(S::unrolled)
    for (int k = 0; k < gathered; ++k) g = fma(w.gather[i][k], dc[k], g);
    if (sizes.voltage()) {
      lambda[i] = leak_voltage_adjoint(lambda[i], g, leak);
      e[i] = preactivation_adjoint(lambda[i], slope(sizes.phi(), response[i]), alpha);
      continue;
    }
    lambda[i] = leak_rate_adjoint(lambda[i], g, slope(sizes.phi(), carrier[i]), leak);
    if (sizes.apart()) {
      V g_out = d_o[i];
      for (int k = sizes.reductions(); k < sizes.channels(); ++k)
        g_out = fma(w.gather[i][k], dc[k], g_out);
      lambda[i] = fma(slope(sizes.phi_out(), out[i]), g_out, lambda[i]);
    }
    e[i] = lambda[i];
  }
}

// dP += r dc
template <class T, class S>
__device__ void add_gather(const Shape<T>& shape, const Number<T> (&carrier)[lane_units],
                           const Number<T> (&out)[lane_units],
                           const Number<T> (&dc)[S::most_channels], LaneSums<T, S>& sums) {
  const typename S::template Of<T> sizes{shape};
  TBRNN_UNROLL
  for (int i = 0; i < lane_units; ++i) {
    TBRNN_UNROLL_TIMES(S::unrolled)
    for (int k = 0; k < sizes.channels(); ++k)
      sums.weights.gather[i][k] =
          fma(k < sizes.reductions() ? carrier[i] : out[i], dc[k], sums.weights.gather[i][k]);
  }
}

// dQ += e s, db += e
template <class T, class S>
__device__ void add_drive(const Shape<T>& shape, const Number<T> (&e)[lane_units],
                          const Number<T> (&s)[S::most_driven + 1], LaneSums<T, S>& sums) {
  const typename S::template Of<T> sizes{shape};
  TBRNN_UNROLL
  for (int i = 0; i < lane_units; ++i) {
    TBRNN_UNROLL_TIMES(S::unrolled)
    for (int k = 0; k < sizes.driven(); ++k)
      sums.weights.drive[i][k] = fma(e[i], s[k], sums.weights.drive[i][k]);
    sums.weights.bias[i][0] = fma(e[i], s[S::most_driven], sums.weights.bias[i][0]);
  }
}

// What the adjoint of state t + 1 needs of that state.
template <class T, class S>
struct Seen {
  Number<T> carrier[lane_units], out[lane_units], response[lane_units];
  UnitTargets<T> targets;

  template <int lanes>
  __device__ void read(const Shape<T>& shape, const Source<T>& trial, const History<T>& history,
                       int t, const Quad<T>* sent) {
    const typename S::template Of<T> sizes{shape};
    if constexpr (!S::has_ring) from(dev::load(sent), carrier);
    if (t < 0) return;
    if (sizes.apart()) from(history.apart[place(t)], out);
    if (sizes.voltage()) from(history.response[place(t)], response);
    if (sizes.readouts() == 0) targets.template read<lanes>(shape, trial, t);
  }
  __device__ const Number<T> (&read_out(bool apart) const)[lane_units] {
    return apart ? out : carrier;
  }
};

// What the adjoint of one step needs beside the channels.
template <class T, class S>
struct Remembered {
  Seen<T, S> seen;
  Number<T> s[S::most_driven + 1];  // the last is 1
};

}  // namespace tbrnn::cuda
