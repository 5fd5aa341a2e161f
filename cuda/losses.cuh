// The loss of one step of one trial, and the adjoint of its outputs: of the readouts in every lane of the trial, or of the lane's units.
#pragma once

#include <limits>

#include "equations/loss.hpp"
#include "lane.cuh"

namespace tbrnn::cuda {

template <class T>
struct Errors {
  const Shape<T>& shape;
  const Source<T>& trial;
  int t;
  Number<T> twice;  // 2 / sum of the mask

  __device__ Number<T> target(int row) const {
    return Source<T>::entry(trial.targets, shape.target_rows(), t, row);
  }
  __device__ Number<T> weight(int row) const { return trial.masked_weight(t, row); }
  __device__ Number<T> share() const { return Number<T>(T(0.5)) * twice; }

  // The adjoint of o, which is a loss of its own.
  __device__ Number<T> add(Loss kind, Number<T> o, int row, Number<T>& loss) const {
    const Number<T> y = target(row), w = weight(row);
    if (kind == Loss::logistic) {
      loss = logistic_loss(o, y, w, loss);
      return logistic_loss_adjoint(o, y, w, share());
    }
    loss = squared_error(o, y, w, loss);
    return squared_error_adjoint(o, y, w, twice);
  }
};

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

// each(visit): visit(o, row) for the outputs that this lane looks at, all of them or those of its units
template <class T, int lanes, class Each>
__device__ CrossEntropy<T> common_of(const Errors<T>& errors, bool shared, Each each) {
  using V = Number<T>;
  V most(std::numeric_limits<T>::lowest());
  each([&](V o, int) { most = maximum(most, o); });
  if (shared) most = Group<lanes>::greatest(most);
  V sums[2] = {V(T(0)), V(T(0))};  // of the exponentials, of the targets
  each([&](V o, int row) {
    sums[0] = sums[0] + exp(o - most);
    sums[1] = sums[1] + errors.target(row);
  });
  if (shared) Group<lanes>::sum(sums, 2);
  const V rows(static_cast<T>(errors.shape.target_rows()));
  return {most + log(sums[0]), sums[1], rows * errors.weight(0), errors.share()};
}

// Adjoint of the outputs of step t: of the readouts into dc, of the units into d_o.
template <class T, class S, int lanes>
__device__ void error_adjoints(const Shape<T>& shape, const Errors<T>& errors,
                               const Number<T> (&out)[lane_units],
                               const Number<T> (&c)[S::most_channels],
                               Number<T> (&dc)[S::most_channels], Number<T> (&d_o)[lane_units],
                               Number<T>& loss) {
  using V = Number<T>;
  const typename S::template Of<T> sizes{shape};
  const bool on_units = sizes.readouts() == 0;
  const auto each = [&](auto visit) {  // output o, row of the target, adjoint
    TBRNN_UNROLL_TIMES(S::unrolled)
    for (int o = 0; o < sizes.readouts(); ++o) {
      const int k = sizes.reductions() + o;
      if (o < shape.readouts) visit(c[k], o, dc[k]);
    }
    TBRNN_UNROLL
    for (int i = 0; i < lane_units; ++i) {
      const int n = Group<lanes>::unit(i);
      if (on_units && n < shape.units) visit(out[i], n, d_o[i]);
    }
  };
  TBRNN_UNROLL_TIMES(S::unrolled)
  for (int o = 0; o < sizes.readouts(); ++o) dc[sizes.reductions() + o] = V(T(0));
  TBRNN_UNROLL
  for (int i = 0; i < lane_units; ++i) d_o[i] = V(T(0));
  if (sizes.loss() == Loss::cross_entropy) {
    const auto common = common_of<T, lanes>(
        errors, on_units, [&](auto visit) { each([&](V o, int row, V&) { visit(o, row); }); });
    each([&](V o, int row, V& adjoint) { adjoint = common.add(o, errors.target(row), loss); });
  } else {
    each([&](V o, int row, V& adjoint) { adjoint = errors.add(sizes.loss(), o, row, loss); });
  }
}

}  // namespace tbrnn::cuda
