// The time loop of gated units of one trial, on the lanes of its group. The carrier is x; `response` holds the gates and the candidate g
// of each step. What a gate is and how the state moves are in equations/low_rank_gru.hpp and leaky_gru.hpp.
//
//   v_p = b_p + sum_c Q_pc s_pc        of pre-activation p; s the overlaps of x, then the inputs
//   late_k = sum_n L_nk (gated x)_n    what the candidate's channels read
#pragma once

#include "forward.cuh"

namespace tbrnn::cuda {

// v += b + Q (overlaps, inputs) of pre-activation p; the overlaps of one pre-activation follow those of another.
template <class T, class S, int most>
__device__ void add_drives(const Shape<T>& shape, const LaneWeights<T, S>& w, int p,
                           const Number<T> (&overlaps)[most], int first,
                           const Number<T> (&u)[S::most_inputs], Number<T> (&v)[lane_units]) {
  const typename S::template Of<T> sizes{shape};
  const int row = p * sizes.driven(), inputs = row + sizes.drives();
  TBRNN_UNROLL
  for (int i = 0; i < lane_units; ++i) {
    v[i] = v[i] + w.bias[i][p];
    TBRNN_UNROLL_TIMES(S::unrolled)
    for (int k = 0; k < sizes.drives(); ++k)
      v[i] = fma(w.drive[i][row + k], overlaps[first + k], v[i]);
    TBRNN_UNROLL_TIMES(S::unrolled)
    for (int k = 0; k < sizes.inputs(); ++k) v[i] = fma(w.drive[i][inputs + k], u[k], v[i]);
  }
}

// The overlaps of the gated states.
template <class Model, class T, class S, int lanes>
__device__ void late_of(const Shape<T>& shape, const LaneWeights<T, S>& w,
                        const Number<T> (&x)[lane_units], const Number<T> (&reset)[lane_units],
                        Number<T> (&late)[S::most_late]) {
  const typename S::template Of<T> sizes{shape};
  Number<T> y[lane_units];
  TBRNN_UNROLL
  for (int i = 0; i < lane_units; ++i) y[i] = Model::gated(x[i], reset[i]);
  TBRNN_UNROLL_TIMES(S::unrolled)
  for (int k = 0; k < sizes.late(); ++k) {
    late[k] = Number<T>(T(0));
    TBRNN_UNROLL
    for (int i = 0; i < lane_units; ++i) late[k] = fma(w.late[i][k], y[i], late[k]);
  }
  Group<lanes>::sum(late, sizes.late());
}

template <class T, class S, int lanes>
__device__ void save_late(const Shape<T>& shape, const Trace<T, S, lanes>& trace, int t,
                          const Number<T> (&late)[S::most_late]) {
  const typename S::template Of<T> sizes{shape};
  if (Group<lanes>::lane()) return;
  write_channels(late, 0, sizes.late(), trace.late(t));
}

// Gates and candidate of step t.
template <class Model, class T, class S, int lanes>
__device__ void respond(const Shape<T>& shape, const Source<T>& trial, const Noise<T>& noise,
                        const LaneWeights<T, S>& w, const Trace<T, S, lanes>& trace, int t,
                        const Number<T> (&x)[lane_units], const Number<T> (&c)[S::most_channels],
                        Number<T> (&v)[S::preactivations][lane_units]) {
  const typename S::template Of<T> sizes{shape};
  Number<T> u[S::most_inputs];
  inputs_of<T, S>(shape, trial, noise, t, 0, u);
  TBRNN_UNROLL
  for (int p = 0; p < S::preactivations; ++p) TBRNN_UNROLL
  for (int i = 0; i < lane_units; ++i) v[p][i] = Number<T>(T(0));
  TBRNN_UNROLL
  for (int p = 0; p < Model::candidate; ++p) {
    add_drives(shape, w, p, c, p * sizes.drives(), u, v[p]);
    TBRNN_UNROLL
    for (int i = 0; i < lane_units; ++i) v[p][i] = phi(Nonlinearity::tanh, v[p][i]);
  }
  auto& g = v[Model::candidate];
  Number<T> late[S::most_late];
  late_of<Model, T, S, lanes>(shape, w, x, v[Model::reset], late);
  save_late(shape, trace, t, late);
  add_drives(shape, w, Model::candidate, late, 0, u, g);
  TBRNN_UNROLL
  for (int i = 0; i < lane_units; ++i) g[i] = phi(sizes.phi(), g[i]);
}

template <class Model, class T, class S, int lanes>
__device__ void gated_forward(const Shape<T>& shape, int steps, const Source<T>& trial,
                              Noise<T> noise, const LaneWeights<T, S>& w,
                              const History<T>& history) {
  using V = Number<T>;
  constexpr int preactivations = S::preactivations;
  const V half_alpha(T(0.5) * shape.alpha);
  V x[lane_units], v[preactivations][lane_units], c[S::most_channels];
  const Trace<T, S, lanes> trace(shape, steps, history);
  start<T, lanes>(shape, trial, x);
  for (int t = 0;; ++t) {  // state t, then the step to the next
    history.carrier[place(t)] = quad(x);
    channels_of<T, S, lanes>(shape, w, x, x, c);
    save_channels(shape, trace, t, c);
    if (t == steps) return;
    respond<Model>(shape, trial, noise, w, trace, t, x, c, v);
    TBRNN_UNROLL
    for (int p = 0; p < preactivations; ++p)
      history.response[place(t * preactivations + p)] = quad(v[p]);
    TBRNN_UNROLL
    for (int i = 0; i < lane_units; ++i)
      x[i] = Model::step(x[i], v[Model::update][i], v[Model::candidate][i], half_alpha);
    add_noise<T, lanes>(noise, t, trial, x);
  }
}

}  // namespace tbrnn::cuda
