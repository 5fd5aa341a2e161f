// One pass of a member's block over the trials of a data set, tile by tile; of networks with a product stage see bunches.cuh.
#pragma once

#include "batches.cuh"
#include "gated_backward.cuh"
#include "reduce.cuh"
#include "scratch.cuh"
#include "sharing.cuh"

namespace tbrnn::cuda {

// Forward, and backward where `sums` is asked for, over one tile: the loss of each trial lies in shared memory afterwards.
template <class Model, class T, class S, int lanes>
__device__ void run_tile(bool learns, const Shape<T>& shape, const Shown<T>& shown, int tile,
                         const Noise<T>& noise, const LaneWeights<T, S>& w,
                         const Scratch<T>& scratch, LaneSums<T, S>& sums) {
  const typename S::template Of<T> sizes{shape};
  const T twice = static_cast<T>(2.0 / shown.mask_sum);
  for (int first = 0; first < tile_trials; first += Group<lanes>::trials) {
    const int mine = first + Group<lanes>::trial();
    const Source<T> source = shown.source(shape, tile * tile_trials + mine);
    if constexpr (has_gates(Model::recurrence))
      gated_forward<Model, T, S, lanes>(shape, shown.steps, source, noise, w, scratch.history);
    else
      forward<Model, T, S, lanes>(shape, shown.steps, source, noise, w, scratch.history);
    dev::warp_barrier();  // the channels are saved
    Number<T> loss[1] = {Number<T>(T(0))};
    if (sizes.readouts())
      loss[0] = readout_errors<T, S, lanes>(shape, shown.steps, source, Number<T>(twice),
                                            scratch.packed, scratch.history, sums);
    dev::warp_barrier();  // the adjoints of the outputs are saved
    if (learns) {
      if constexpr (has_gates(Model::recurrence))
        gated_backward<Model, T, S, lanes>(shape, shown.steps, source, noise, twice, w,
                                           scratch.history, sums, loss[0]);
      else
        backward<Model, T, S, lanes>(shape, shown.steps, source, noise, twice, w, scratch.history,
                                     sums, loss[0]);
    } else if (sizes.readouts() == 0) {
      loss_of_units<T, S, lanes>(shape, shown.steps, source, scratch.history, loss[0]);
    }
    Group<lanes>::sum(loss, 1);
    if (Group<lanes>::lane() == 0) TileMemory<T, lanes>::loss(mine) = loss[0].v;
    dev::block_barrier();  // the channels are read, and the losses written
  }
}

// The mean loss of a member, in thread 0 of the block that leads; with `learns` the gradient of the packed weights too.
template <class Model, class T, class S, int lanes>
__device__ double run_trials(bool learns, const Shape<T>& shape, const Shown<T>& shown,
                             const Noise<T>& noise, const LaneWeights<T, S>& w,
                             const Scratch<T>& scratch, const Crew<T>& crew) {
  using Memory = TileMemory<T, lanes>;
  if (dev::thread() == 0) Memory::sum() = 0;
  for (int tile = crew.team(); tile < shown.tiles(); tile += crew.teams()) {
    LaneSums<T, S> sums;
    clear(shape, sums);
    run_tile<Model, T, S, lanes>(learns, shape, shown, tile, noise, w, scratch, sums);
    if (dev::thread() == 0) {
      double of_tile = 0;
      for (int trial = 0; trial < tile_trials; ++trial)
        of_tile += static_cast<double>(Memory::loss(trial));
      Memory::sum() += of_tile;
      if (!crew.alone()) crew.loss(tile) = of_tile;
    }
    if (learns)
      add_tile<lanes>(shape, sums, !crew.alone() || tile == 0,
                      crew.alone() ? scratch.gradient : crew.gradient(tile));
    dev::block_barrier();  // the losses are read, and the gradient is written
  }
  double loss = Memory::sum();
  if (!crew.alone()) {
    crew.all().barrier();  // every tile is done
    if (crew.leads()) {
      loss = crew.sum_of_losses(shown.tiles());
      if (learns) crew.sum_gradients(shown.tiles(), Workers(), scratch.gradient.product);
    }
  }
  return loss / shown.mask_sum;
}

}  // namespace tbrnn::cuda
