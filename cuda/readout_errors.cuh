// Between the passes: the errors of the readouts of all steps, shared out among the lanes of a trial.
#pragma once

#include <type_traits>

#include "forward.cuh"
#include "losses.cuh"

namespace tbrnn::cuda {

// The sums of one lane over the steps and trials of a tile.
template <class T, class S>
struct LaneSums {
  LaneWeights<T, S> weights;
  Number<T> b_out[S::most_readouts ? S::most_readouts : 1];
};

template <class T, class S>
__device__ void clear(const Shape<T>& shape, LaneSums<T, S>& sums) {
  const typename S::template Of<T> sizes{shape};
  clear(shape, sums.weights);
  TBRNN_UNROLL_TIMES(S::unrolled)
  for (int o = 0; o < sizes.readouts(); ++o) sums.b_out[o] = Number<T>(T(0));
}

// The outputs of one step without their biases, and what they are compared with.
template <class T, class S>
struct Compared {
  Number<T> o[S::most_outputs], y[S::most_outputs], w[S::most_outputs];

  template <int lanes>
  __device__ void read(const Shape<T>& shape, const Source<T>& trial,
                       const Trace<T, S, lanes>& trace, int t) {
    const typename S::template Of<T> sizes{shape};
    const int count = sizes.readouts();
    read_channels(trace.outputs(t + 1), 0, count, o);
    read_row(Source<T>::step(trial.targets, t, whole_quads(count)), 0, count, y);
    TBRNN_UNROLL_TIMES(S::unrolled)
    for (int k = 0; k < count; k += lane_units)
      read_row(trial.weights_of(t, k), k, count - k < lane_units ? count - k : lane_units, w);
  }
};

// After the forward pass the adjoints of the readouts take the place of the outputs in the history, the steps shared out among the lanes
// of a trial. Returns the lane's share of the loss, and adds that of the biases' gradient.
template <class T, class S, int lanes>
__device__ Number<T> readout_errors(const Shape<T>& shape, int steps, const Source<T>& trial,
                                    Number<T> twice, const Packed<T>& packed,
                                    const History<T>& history, LaneSums<T, S>& sums) {
  using V = Number<T>;
  const typename S::template Of<T> sizes{shape};
  const Trace<T, S, lanes> trace(shape, steps, history);
  V loss(T(0)), b_out[S::most_outputs], adjoint[S::most_outputs];
  TBRNN_UNROLL_TIMES(S::unrolled)
  for (int k = 0; k < sizes.readouts(); ++k)
    b_out[k] = V(k < shape.readouts ? packed.b_out[k] : T(0));
  const auto add = [&](const Compared<T, S>& step, int t) {
    const auto each = [&](auto visit) {  // outputs that do not exist are 0, as their targets are
      TBRNN_UNROLL_TIMES(S::unrolled)
      for (int k = 0; k < sizes.readouts(); ++k)
        visit(step.o[k] + b_out[k], step.y[k], step.w[k], adjoint[k]);
    };
    add_errors<T, S, lanes>(shape, twice, step.w[0], false, each, loss);
    write_channels(adjoint, 0, sizes.readouts(), trace.outputs(t + 1));
    TBRNN_UNROLL_TIMES(S::unrolled)
    for (int k = 0; k < sizes.readouts(); ++k) sums.b_out[k] = sums.b_out[k] + adjoint[k];
  };
  constexpr int at_once = S::errors_at_once;  // steps of a lane
  const auto look_at = [&]<int count>(std::integral_constant<int, count>, int t) {
    Compared<T, S> asked[count];
    TBRNN_UNROLL
    for (int i = 0; i < count; ++i) asked[i].read(shape, trial, trace, t + i * lanes);
    TBRNN_UNROLL
    for (int i = 0; i < count; ++i) add(asked[i], t + i * lanes);
  };
  int t = Group<lanes>::lane();
  for (; t + (at_once - 1) * lanes < steps; t += at_once * lanes)
    look_at(std::integral_constant<int, at_once>(), t);
  if constexpr (at_once > 1)
    for (; t < steps; t += lanes) look_at(std::integral_constant<int, 1>(), t);
  return loss;
}

}  // namespace tbrnn::cuda
