// The loss and the adjoints of the outputs: of the readouts, all steps of a trial at once; or of the lane's units, step by step.
#pragma once

#include <limits>

#include "equations/loss.hpp"
#include "lane.cuh"

namespace tbrnn::cuda {

// The adjoint of an output whose loss is its own.
template <class T>
__device__ Number<T> add_error(Loss kind, Number<T> o, Number<T> y, Number<T> w, Number<T> twice,
                               Number<T>& loss) {
  if (kind == Loss::logistic) {
    loss = logistic_loss(o, y, w, loss);
    return logistic_loss_adjoint(o, y, w, Number<T>(T(0.5)) * twice);
  }
  loss = squared_error(o, y, w, loss);
  return squared_error_adjoint(o, y, w, twice);
}

// What the outputs of a trial have in common in the cross-entropy. The mask has one entry for all of them but its sum counts each, so the
// loss is that of so many.
template <class T>
struct CrossEntropy {
  Number<T> lse, total, w, share;

  __device__ Number<T> add(Number<T> o, Number<T> y, Number<T>& loss) const {
    loss = cross_entropy(o, y, lse, w, loss);
    return cross_entropy_adjoint(exp(o - lse), y, total, w, share);
  }
};

// `rows` outputs share the weight w.
template <class T, int lanes, class Each>
__device__ CrossEntropy<T> common_of(int rows, Number<T> w, Number<T> twice, bool shared,
                                     Each each) {
  using V = Number<T>;
  V most(std::numeric_limits<T>::lowest());
  each([&](V o, V, V, V&) { most = maximum(most, o); });
  if (shared) most = Group<lanes>::greatest(most);
  V sums[2] = {V(T(0)), V(T(0))};  // of the exponentials, of the targets
  each([&](V o, V y, V, V&) {
    sums[0] = sums[0] + exp(o - most);
    sums[1] = sums[1] + y;
  });
  if (shared) Group<lanes>::sum(sums, 2);
  return {most + log(sums[0]), sums[1], V(static_cast<T>(rows)) * w, V(T(0.5)) * twice};
}

// each(visit): visit(o, y, w, adjoint of o) for the outputs that this lane looks at, all of them or, `shared`, those of its units.
// `twice` is 2 / sum of the mask.
template <class T, class S, int lanes, class Each>
__device__ void add_errors(const Shape<T>& shape, Number<T> twice, Number<T> first_weight,
                           bool shared, Each each, Number<T>& loss) {
  using V = Number<T>;
  const typename S::template Of<T> sizes{shape};
  if (sizes.loss() == Loss::cross_entropy) {
    const auto common = common_of<T, lanes>(shape.target_rows(), first_weight, twice, shared, each);
    each([&](V o, V y, V, V& adjoint) { adjoint = common.add(o, y, loss); });
  } else {
    each([&](V o, V y, V w, V& adjoint) {
      adjoint = add_error(sizes.loss(), o, y, w, twice, loss);
    });
  }
}

// What the lane's units, or as many outputs, are compared with at one step.
template <class T>
struct UnitTargets {
  Number<T> y[lane_units], w[lane_units];

  template <int lanes>
  __device__ void read(const Shape<T>& shape, const Source<T>& trial, int t) {
    const int first = Group<lanes>::unit(0), rows = shape.target_rows();
    if (first >= rows) return;
    read_row(Source<T>::step(trial.targets, t, whole_quads(rows)) + first, 0, lane_units, y);
    read_row(trial.weights_of(t, first), 0, lane_units, w);
  }
};

template <class T, class S, int lanes>
__device__ void unit_errors(const Shape<T>& shape, const UnitTargets<T>& targets, Number<T> twice,
                            const Number<T> (&out)[lane_units], Number<T> (&d_o)[lane_units],
                            Number<T>& loss) {
  using V = Number<T>;
  const auto each = [&](auto visit) {
    TBRNN_UNROLL
    for (int i = 0; i < lane_units; ++i) {
      if (Group<lanes>::unit(i) < shape.target_rows())
        visit(out[i], targets.y[i], targets.w[i], d_o[i]);
      else
        d_o[i] = V(T(0));
    }
  };
  add_errors<T, S, lanes>(shape, twice, targets.w[0], true, each, loss);
}

}  // namespace tbrnn::cuda
