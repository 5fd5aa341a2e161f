// The passes of networks with a product stage: a block works on one trial after the other. The trials of a pass fall into bunches of
// neighbours, whatever blocks there are: at most so many of them that each block of a large device can have one, where two share a
// multiprocessor. A bunch has a gradient of its own; they are added in their order.
#pragma once

#include "batches.cuh"
#include "product_gradient.cuh"
#include "product_loop.cuh"
#include "scratch.cuh"
#include "sharing.cuh"

namespace tbrnn::cuda {

inline constexpr int most_bunches = 256;

struct Bunches {
  int trials, size;  // of a bunch, but of the last

  TBRNN_FN explicit Bunches(int all) : trials(all), size((all + most_bunches - 1) / most_bunches) {}
  static int at_most(int trials) { return trials < most_bunches ? trials : most_bunches; }
  TBRNN_FN int count() const { return (trials + size - 1) / size; }
};

// total (+)= d
template <class T>
__device__ void add(const T* d, std::size_t size, bool first, T* total) {
  dev::block_barrier();  // d is written
  for (std::size_t i = static_cast<std::size_t>(dev::thread()); i < size; i += block_threads)
    total[i] = first ? d[i] : total[i] + d[i];
  dev::block_barrier();  // and read
}

// The sum of the losses, of which each tile's 32 are added first, as the teams do.
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

// One pass of a member over its trials.
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

  // The losses in thread 0, of a block alone; others leave theirs behind for all.
  __device__ LossSum run() const {
    LossSum losses;
    const Bunches bunches(same_in_warp(shown.trials()));
    const int teams = same_in_warp(crew.teams());
    for (int bunch = same_in_warp(crew.team()); bunch < bunches.count(); bunch += teams) {
      const int first = bunch * bunches.size, behind = first + bunches.size;
      T* const d = teams == 1 ? scratch.bunch : crew.gradient(bunch).product;
      for (int trial = first; trial < behind && trial < bunches.trials; ++trial) {
        const double loss = run_trial(trial, trial == first, Packed<T>::of_gradient(shape, d));
        if (teams == 1)
          losses.add(trial, loss);
        else if (dev::thread() == 0)
          crew.loss(trial) = loss;
      }
      if (learns && teams == 1)
        add(d, Packed<T>::gradient_size(shape), bunch == 0, scratch.gradient.product);
    }
    return losses;
  }

 private:
  // Forward, and backward where the pass learns. Returns the loss of the trial.
  __device__ double run_trial(int place, bool first, const Packed<T>& d) const {
    const Source<T> source = shown.source(shape, place);
    const History<T>& history = scratch.history;
    const ProductChannels<Model, T, S, lanes> channels(shape, steps, noise, source, scratch);
    channels.drives();
    if (stage.leads())
      lead_forward<Model, T, S, lanes>(shape, steps, source.initial, noise.sigma, history);
    else
      stage.follow_forward(steps);
    dev::block_barrier();  // the states are saved
    const T loss = channels.errors(static_cast<T>(2.0 / shown.mask_sum), learns);
    if (learns) {
      if (stage.leads())
        lead_backward<Model, T, S, lanes>(shape, steps, history);
      else
        stage.follow_backward(steps);
      dev::block_barrier();  // every e is saved
      const Rows<T> d_o = channels.outputs();
      add_product_gradient<Model, T, lanes>(shape, steps, history, channels.inputs(),
                                            channels.carriers(), {d_o.at, d_o.stride}, first, d);
    }
    return over_block(static_cast<double>(loss));  // the history is read
  }
};

// The mean loss of a member, in thread 0 of each block; with `learns` the gradient of the packed weights too, for a block alone
// in its scratch, for several in the place of the first bunch. They share the packed weights. `meanwhile`: what a block does while others
// are at their bunches.
template <class Model, class T, class S, int lanes, class Use>
__device__ double run_bunches(bool learns, const Shape<T>& shape, const T* p, const Shown<T>& shown,
                              const Noise<T>& noise, const Scratch<T>& scratch, const Crew<T>& crew,
                              Use meanwhile) {
  const ProductStage<Model, T, lanes> stage(shape, scratch.packed.product);
  pack_product<Model>(crew.all(), shape, p, scratch.packed.product);
  ProductChannels<Model, T, S, lanes>::take_weights(shape, p, scratch);
  crew.all().barrier();  // the weights are packed
  stage.take_weights(scratch.packed.product);
  const BunchPass<Model, T, S, lanes> pass{stage,
                                           same_in_warp(learns ? 1 : 0) != 0,
                                           same_in_warp(shown.steps),
                                           shape,
                                           shown,
                                           noise,
                                           scratch,
                                           crew};
  double loss = pass.run().all();
  const unsigned arrival = crew.all().arrive();
  meanwhile();
  crew.all().wait(arrival);  // every bunch is done
  if (!crew.alone()) {
    if (learns)
      crew.template sum_gradients<64>(Bunches(shown.trials()).count(), crew.all(),
                                      crew.gradient(0).product);
    if (dev::thread() < 32) loss = crew.sum_of_trials(same_in_warp(shown.trials()));
  }
  return loss / shown.mask_sum;
}

}  // namespace tbrnn::cuda
