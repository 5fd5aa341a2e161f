// Backpropagation through the time loop of gated_forward.cuh. lambda_n is the adjoint of x_n, e_pn that of pre-activation p.
//
//   g_n = lambda_n + sum_k P_nk dc_k       then through the step and the candidate (equations/), which give lambda, e of both
//   d_late_k = sum_n Q_nk e_n of the candidate, then through the gated state to the reset gate and x
//   dQ_p += e_p s_p     db_p += e_p     dP += x dc     dL += (gated x) d_late
#pragma once

#include "backward.cuh"
#include "gated_forward.cuh"

namespace tbrnn::cuda {

// Adjoint of state t + 1 and of what step t made it from; lambda becomes the share of state t.
template <class Model, class T, class S>
__device__ void step_adjoint(const Shape<T>& shape, const LaneWeights<T, S>& w,
                             const Number<T> (&x)[lane_units],
                             const Number<T> (&v)[S::preactivations][lane_units],
                             const Number<T> (&dc)[S::most_channels],
                             const Number<T> (&d_o)[lane_units], Number<T> (&lambda)[lane_units],
                             Number<T> (&e)[S::preactivations][lane_units]) {
  using V = Number<T>;
  const typename S::template Of<T> sizes{shape};
  const V half_alpha(T(0.5) * shape.alpha);
  TBRNN_UNROLL
  for (int i = 0; i < lane_units; ++i) {
    V sum = lambda[i] + d_o[i];
    TBRNN_UNROLL_TIMES(S::unrolled)
    for (int k = 0; k < sizes.channels(); ++k) sum = fma(w.gather[i][k], dc[k], sum);
    const V g = v[Model::candidate][i];
    const auto d =
        Model::step_adjoint(x[i], v[Model::update][i], g, half_alpha, slope(sizes.phi(), g), sum);
    lambda[i] = d.x;
    e[Model::update][i] = d.update;
    e[Model::candidate][i] = d.candidate;
  }
}

// sum_n Q_nk e_n of pre-activation p: the adjoint of its overlaps
template <class T, class S, int most>
__device__ void pull(const Shape<T>& shape, const LaneWeights<T, S>& w, int p,
                     const Number<T> (&e)[lane_units], int first, Number<T> (&to)[most]) {
  const typename S::template Of<T> sizes{shape};
  TBRNN_UNROLL_TIMES(S::unrolled)
  for (int k = 0; k < sizes.drives(); ++k) {
    to[first + k] = Number<T>(T(0));
    TBRNN_UNROLL
    for (int i = 0; i < lane_units; ++i)
      to[first + k] = fma(w.drive[i][p * sizes.driven() + k], e[i], to[first + k]);
  }
}

// From the candidate's channels back to the reset gate and to state t, with the gradient of L.
template <class Model, class T, class S, int lanes>
__device__ void reset_adjoint(const Shape<T>& shape, const LaneWeights<T, S>& w,
                              const Number<T> (&x)[lane_units],
                              const Number<T> (&v)[S::preactivations][lane_units],
                              Number<T> (&lambda)[lane_units],
                              Number<T> (&e)[S::preactivations][lane_units], LaneSums<T, S>& sums) {
  using V = Number<T>;
  const typename S::template Of<T> sizes{shape};
  V d_late[S::most_late];
  pull<T, S>(shape, w, Model::candidate, e[Model::candidate], 0, d_late);
  Group<lanes>::sum(d_late, sizes.late());
  TBRNN_UNROLL
  for (int i = 0; i < lane_units; ++i) {
    const V reset = v[Model::reset][i], y = Model::gated(x[i], reset);
    V d_y(T(0));
    TBRNN_UNROLL_TIMES(S::unrolled)
    for (int k = 0; k < sizes.late(); ++k) {
      d_y = fma(w.late[i][k], d_late[k], d_y);
      sums.weights.late[i][k] = fma(y, d_late[k], sums.weights.late[i][k]);
    }
    const auto d = Model::gated_adjoint(x[i], reset, d_y);
    lambda[i] = lambda[i] + d.x;
    e[Model::reset][i] = d.reset;
  }
}

// dQ += e (overlaps, inputs), db += e of pre-activation p
template <class T, class S, int most>
__device__ void add_drives_gradient(const Shape<T>& shape, int p, const Number<T> (&e)[lane_units],
                                    const Number<T> (&overlaps)[most], int first,
                                    const Number<T> (&u)[S::most_inputs], LaneSums<T, S>& sums) {
  const typename S::template Of<T> sizes{shape};
  const int row = p * sizes.driven(), inputs = row + sizes.drives();
  auto& weights = sums.weights;
  TBRNN_UNROLL
  for (int i = 0; i < lane_units; ++i) {
    weights.bias[i][p] = weights.bias[i][p] + e[i];
    TBRNN_UNROLL_TIMES(S::unrolled)
    for (int k = 0; k < sizes.drives(); ++k)
      weights.drive[i][row + k] = fma(e[i], overlaps[first + k], weights.drive[i][row + k]);
    TBRNN_UNROLL_TIMES(S::unrolled)
    for (int k = 0; k < sizes.inputs(); ++k)
      weights.drive[i][inputs + k] = fma(e[i], u[k], weights.drive[i][inputs + k]);
  }
}

// The gradient of all that drives, and the adjoint of the overlaps of x.
template <class Model, class T, class S, int lanes>
__device__ void drives_adjoint(const Shape<T>& shape, const Source<T>& trial, const Noise<T>& noise,
                               const LaneWeights<T, S>& w, const Trace<T, S, lanes>& trace, int t,
                               const Number<T> (&c)[S::most_channels],
                               const Number<T> (&e)[S::preactivations][lane_units],
                               Number<T> (&dc)[S::most_channels], LaneSums<T, S>& sums) {
  const typename S::template Of<T> sizes{shape};
  Number<T> u[S::most_inputs];
  inputs_of<T, S>(shape, trial, noise, t, 0, u);
  TBRNN_UNROLL
  for (int p = 0; p < Model::candidate; ++p) {
    add_drives_gradient(shape, p, e[p], c, p * sizes.drives(), u, sums);
    pull<T, S>(shape, w, p, e[p], p * sizes.drives(), dc);
  }
  Group<lanes>::sum(dc, sizes.reductions());
  Number<T> late[S::most_late];
  read_channels(trace.late(t), 0, sizes.late(), late);
  add_drives_gradient(shape, Model::candidate, e[Model::candidate], late, 0, u, sums);
}

// Where the errors are the units', `loss` takes the lane's share of them.
template <class Model, class T, class S, int lanes>
__device__ void gated_backward(const Shape<T>& shape, int steps, const Source<T>& trial,
                               Noise<T> noise, T twice, const LaneWeights<T, S>& w,
                               const History<T>& history, LaneSums<T, S>& sums, Number<T>& loss) {
  using V = Number<T>;
  const typename S::template Of<T> sizes{shape};
  constexpr int preactivations = S::preactivations;
  const bool on_units = sizes.readouts() == 0;
  V x[lane_units], next[lane_units], lambda[lane_units], d_o[lane_units];
  V v[preactivations][lane_units], e[preactivations][lane_units];
  V c[S::most_channels], dc[S::most_channels];
  TBRNN_UNROLL
  for (int i = 0; i < lane_units; ++i) lambda[i] = d_o[i] = V(T(0));
  TBRNN_UNROLL_TIMES(S::unrolled)
  for (int k = 0; k < sizes.channels(); ++k) dc[k] = V(T(0));
  UnitTargets<T> targets;
  const Trace<T, S, lanes> trace(shape, steps, history);
  from(history.carrier[place(steps)], next);
  for (int t = steps - 1; t >= 0; --t) {  // the adjoint of state t + 1, which step t made
    from(history.carrier[place(t)], x);
    TBRNN_UNROLL
    for (int p = 0; p < preactivations; ++p)
      from(history.response[place(t * preactivations + p)], v[p]);
    read_channels(trace.outputs(t + 1), sizes.reductions(), sizes.readouts(), dc);
    if (on_units) {
      targets.template read<lanes>(shape, trial, t);
      unit_errors<T, S, lanes>(shape, targets, V(twice), next, d_o, loss);
    }
    step_adjoint<Model, T, S>(shape, w, x, v, dc, d_o, lambda, e);
    add_gather<T, S>(shape, next, next, dc, sums);
    reset_adjoint<Model, T, S, lanes>(shape, w, x, v, lambda, e, sums);
    read_channels(trace.overlaps(t), 0, sizes.reductions(), c);
    drives_adjoint<Model>(shape, trial, noise, w, trace, t, c, e, dc, sums);
    TBRNN_UNROLL
    for (int i = 0; i < lane_units; ++i) next[i] = x[i];
  }
  // The initial state is read by the first step's channels, and by no readout.
  TBRNN_UNROLL_TIMES(S::unrolled)
  for (int o = 0; o < sizes.readouts(); ++o) dc[sizes.reductions() + o] = V(T(0));
  add_gather<T, S>(shape, next, next, dc, sums);
}

}  // namespace tbrnn::cuda
