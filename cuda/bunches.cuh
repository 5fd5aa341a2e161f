// The passes of networks with a product stage: a block works on one trial after the other. The trials of a pass fall into bunches of
// neighbours, whatever blocks there are: at most so many of them that each block of a large device can have one. A bunch has a gradient of
// its own; they are added in their order.
#pragma once

#include "batches.cuh"
#include "gated_backward.cuh"
#include "product_gradient.cuh"
#include "scratch.cuh"
#include "sharing.cuh"

namespace tbrnn::cuda {

inline constexpr int most_bunches = 128;

struct Bunches {
  int trials, size;  // of a bunch, but of the last

  TBRNN_FN explicit Bunches(int all) : trials(all), size((all + most_bunches - 1) / most_bunches) {}
  static int at_most(int trials) { return trials < most_bunches ? trials : most_bunches; }
  TBRNN_FN int count() const { return (trials + size - 1) / size; }
};

// The gradient of what is not the product's, from the sums of the lanes of the first group.
template <class T, class S, int lanes>
__device__ void put(const Shape<T>& shape, LaneSums<T, S>& sums, const Packed<T>& d) {
  const typename S::template Of<T> sizes{shape};
  const int channels = shape.channels(), driven = shape.driven();
  Group<lanes>::sum(sums.b_out, sizes.readouts());
  if (dev::thread() >= lanes) return;
  TBRNN_UNROLL
  for (int i = 0; i < lane_units; ++i) {
    const int n = Group<lanes>::unit(i);
    if (n >= shape.units) break;
    TBRNN_UNROLL_TIMES(S::unrolled)
    for (int k = 0; k < sizes.channels(); ++k)
      if (k < channels) d.gather[n * channels + k] = sums.weights.gather[i][k].v;
    TBRNN_UNROLL
    for (int p = 0; p < S::preactivations; ++p) {
      const int row = n * S::preactivations + p;
      TBRNN_UNROLL_TIMES(S::unrolled)
      for (int c = 0; c < sizes.driven(); ++c)
        if (c < driven) d.drive[row * driven + c] = sums.weights.drive[i][p * sizes.driven() + c].v;
      d.bias[row] = sums.weights.bias[i][p].v;
    }
  }
  if (dev::thread()) return;
  TBRNN_UNROLL_TIMES(S::unrolled)
  for (int o = 0; o < sizes.readouts(); ++o)
    if (o < shape.readouts) d.b_out[o] = sums.b_out[o].v;
}

// total (+)= d
template <class T>
__device__ void add(const T* d, std::size_t size, bool first, T* total) {
  dev::block_barrier();  // d is written
  for (std::size_t i = static_cast<std::size_t>(dev::thread()); i < size; i += block_threads)
    total[i] = first ? d[i] : total[i] + d[i];
  dev::block_barrier();  // and read
}

// The sum of the losses, of which each tile's 32 are added first, as in run_trials.
struct LossSum {
  double of_tiles = 0, of_tile = 0;

  __device__ void add(int trial, double loss) {
    if (trial % tile_trials == 0) {
      of_tiles += of_tile;
      of_tile = 0;
    }
    of_tile += loss;
  }
  __device__ double all() const { return of_tiles + of_tile; }
};

// One pass of a member over its trials. The first warp of a block leads: it goes through the channels of each trial, and the other warps
// follow through the product stage.
template <class Model, class T, class S, int lanes>
struct BunchPass {
  using Stage = ProductStage<Model, T, lanes>;
  const Stage& stage;
  const bool learns;  // known to be the same in all lanes of a warp, and so are the steps
  const int steps;
  const Shape<T>& shape;
  const Shown<T>& shown;
  const Noise<T>& noise;
  const Scratch<T>& scratch;
  const Crew<T>& crew;

  __device__ LossSum lead() const {
    LaneWeights<T, S> w;
    load<T, S, lanes>(shape, scratch.packed, w);
    LaneSums<T, S> sums;
    LossSum losses;
    const auto run = [&](int trial, bool first) {
      if (first) clear(shape, sums);
      const T loss = run_channels(trial, w, sums);
      if (dev::thread()) return;
      if (crew.alone())
        losses.add(trial, static_cast<double>(loss));
      else
        crew.loss(trial) = static_cast<double>(loss);
    };
    each_bunch(run, [&](T* d) {
      if (learns) put<T, S, lanes>(shape, sums, Packed<T>::of_gradient(shape, d));
    });
    return losses;
  }
  __device__ void follow() const {
    const auto run = [&](int, bool) {
      stage.follow_forward(steps);
      if (learns) stage.follow_backward(steps);
    };
    each_bunch(run, [](T*) {});
  }

 private:
  // run(trial, whether it is the first of its bunch) and end(gradient of the bunch), those of this block
  template <class Run, class End>
  __device__ void each_bunch(Run run, End end) const {
    const Bunches bunches(same_in_warp(shown.trials()));
    const int teams = same_in_warp(crew.teams());
    for (int bunch = same_in_warp(crew.team()); bunch < bunches.count(); bunch += teams) {
      const int first = bunch * bunches.size, behind = first + bunches.size;
      T* const d = teams == 1 ? scratch.bunch : crew.gradient(bunch).product;
      for (int trial = first; trial < behind && trial < bunches.trials; ++trial) {
        run(trial, trial == first);
        if (!learns) continue;
        dev::block_barrier();  // every e is saved
        add_product_gradient<Model, T, lanes>(shape, steps, scratch.history, trial == first, d);
        dev::block_barrier();  // the history is read
      }
      end(d);
      if (learns && teams == 1)
        add(d, Packed<T>::gradient_size(shape), bunch == 0, scratch.gradient.product);
    }
  }

  // Forward, and backward where the pass learns. Returns the loss of the trial.
  __device__ T run_channels(int place, const LaneWeights<T, S>& w, LaneSums<T, S>& sums) const {
    constexpr bool gated = has_gates(Model::recurrence);
    const typename S::template Of<T> sizes{shape};
    const T twice = static_cast<T>(2.0 / shown.mask_sum);
    const Source<T> source = shown.source(shape, place);
    const History<T>& history = scratch.history;
    if constexpr (gated)
      gated_forward<Model, T, S, lanes>(shape, steps, source, noise, w, stage, history);
    else
      forward<Model, T, S, lanes>(shape, steps, source, noise, w, stage, history);
    dev::warp_barrier();  // the channels are saved
    Number<T> loss[1] = {Number<T>(T(0))};
    if (sizes.readouts() && dev::thread() < lanes)
      loss[0] = readout_errors<T, S, lanes>(shape, steps, source, Number<T>(twice), scratch.packed,
                                            history, sums);
    dev::warp_barrier();  // the adjoints of the outputs are saved
    if (!learns && sizes.readouts() == 0)
      loss_of_units<T, S, lanes>(shape, steps, source, history, loss[0]);
    if (learns) {
      if constexpr (gated)
        gated_backward<Model, T, S, lanes>(shape, steps, source, noise, twice, w, stage, history,
                                           sums, loss[0]);
      else
        backward<Model, T, S, lanes>(shape, steps, source, noise, twice, w, stage, history, sums,
                                     loss[0]);
    }
    Group<lanes>::sum(loss, 1);
    return loss[0].v;
  }
};

// The mean loss of a member, in thread 0 of each block; with `learns` the gradient of the packed weights too, for a block alone
// in its scratch, for several in the place of the first bunch.
template <class Model, class T, class S, int lanes>
__device__ double run_bunches(bool learns, const Shape<T>& shape, const T* p, const Shown<T>& shown,
                              const Noise<T>& noise, const Scratch<T>& scratch,
                              const Crew<T>& crew) {
  const ProductStage<Model, T, lanes> stage(shape, scratch.packed.product);
  Packed<T> packed = scratch.packed;
  packed.product = stage.weights();
  pack<Model>(Workers(), shape, p, scratch.orth, packed);
  dev::block_barrier();
  const BunchPass<Model, T, S, lanes> pass{stage,
                                           same_in_warp(learns ? 1 : 0) != 0,
                                           same_in_warp(shown.steps),
                                           shape,
                                           shown,
                                           noise,
                                           scratch,
                                           crew};
  LossSum losses;
  if (stage.leads())
    losses = pass.lead();
  else
    pass.follow();
  if (!crew.alone()) {
    crew.all().barrier();  // every bunch is done
    if (learns)
      crew.sum_gradients(Bunches(shown.trials()).count(), crew.all(), crew.gradient(0).product);
    TBRNN_UNROLL_TIMES(16)
    for (int trial = 0; trial < shown.trials(); ++trial) losses.add(trial, crew.loss(trial));
  }
  return losses.all() / shown.mask_sum;
}

}  // namespace tbrnn::cuda
