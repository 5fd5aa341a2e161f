// One pass of a member's block over the trials of a data set, part by part; of networks with a product stage see bunches.cuh.
#pragma once

#include "batches.cuh"
#include "gated_backward.cuh"
#include "reduce.cuh"
#include "scratch.cuh"
#include "sharing.cuh"

namespace tbrnn::cuda {

// Forward, and with `learns` backward, over the trials of `parts` parts from `part` on, as many as a block works on at a time, or of one
// part. The loss of each trial lies in shared memory afterwards.
template <class Model, class T, class S, int lanes>
__device__ void run_parts(bool learns, const Shape<T>& shape, const Shown<T>& shown, int part,
                          int parts, const Noise<T>& noise, LaneWeights<T, S>& w,
                          const Scratch<T>& scratch, LaneSums<T, S>& sums) {
  const typename S::template Of<T> sizes{shape};
  const T twice = static_cast<T>(2.0 / shown.mask_sum);
  const int steps = same_in_warp(shown.steps);  // else each shuffle of the time loops is guarded
  for (int first = 0; first < part_trials; first += Group<lanes>::trials) {
    const int mine = first + Group<lanes>::trial();
    if (most_parts < lanes >> 1 && dev::any(all_lanes, mine >= parts * part_trials)) break;
    const Source<T> source = shown.source(shape, part * part_trials + mine);
    if constexpr (S::loads_again) load<T, S, lanes>(shape, scratch.packed, w);
    if constexpr (has_gates(Model::recurrence))
      gated_forward<Model, T, S, lanes>(shape, steps, source, noise, w, scratch.history);
    else
      forward<Model, T, S, lanes>(shape, steps, source, noise, w, scratch.history);
    dev::warp_barrier();  // the channels are saved
    Number<T> loss[1] = {Number<T>(T(0))};
    if (sizes.readouts())
      loss[0] = readout_errors<T, S, lanes>(shape, steps, source, Number<T>(twice), scratch.packed,
                                            scratch.history, sums);
    dev::warp_barrier();  // the adjoints of the outputs are saved
    if (learns) {
      if constexpr (S::loads_again) load<T, S, lanes>(shape, scratch.packed, w);
      if constexpr (has_gates(Model::recurrence))
        gated_backward<Model, T, S, lanes>(shape, steps, source, noise, twice, w, scratch.history,
                                           sums, loss[0]);
      else
        backward<Model, T, S, lanes>(shape, steps, source, noise, twice, w, scratch.history, sums,
                                     loss[0]);
    } else if (sizes.readouts() == 0) {
      loss_of_units<T, S, lanes>(shape, steps, source, scratch.history, loss[0]);
    }
    Group<lanes>::sum(loss, 1);
    if (Group<lanes>::lane() == 0) TileMemory<T, lanes>::loss(mine) = loss[0].v;
    dev::warp_barrier();  // the channels are read
  }
  dev::block_barrier();  // the losses are written
}

// One thread: the losses of the parts, in their order.
template <int lanes, class T>
__device__ void add_losses(int part, int parts, const Crew<T>& crew) {
  using Memory = TileMemory<T, lanes>;
  for (int i = 0; i < parts; ++i) {
    double of_part = 0;
    for (int trial = 0; trial < part_trials; ++trial)
      of_part += static_cast<double>(Memory::loss(i * part_trials + trial));
    Memory::sum() += of_part;
    if (!crew.alone()) crew.loss(part + i) = of_part;
  }
}

// The mean loss of a member, in thread 0 of the blocks that take the steps; with `learns` the gradient of the packed weights too. A block
// takes one part at a time where there are blocks for all of them.
template <class Model, class T, class S, int lanes>
__device__ double run_trials(bool learns, const Shape<T>& shape, const Shown<T>& shown,
                             const Noise<T>& noise, LaneWeights<T, S>& w, const Scratch<T>& scratch,
                             const Crew<T>& crew) {
  using Memory = TileMemory<T, lanes>;
  const int all = shown.parts(), at_a_time = crew.teams() < all ? most_parts<lanes> : 1;
  if (dev::thread() == 0) Memory::sum() = 0;
  for (int part = crew.team() * at_a_time; part < all; part += crew.teams() * at_a_time) {
    const int parts = all - part < at_a_time ? all - part : at_a_time;
    LaneSums<T, S> sums;
    clear(shape, sums);
    run_parts<Model, T, S, lanes>(learns, shape, shown, part, parts, noise, w, scratch, sums);
    if (dev::thread() == block_threads - 1) add_losses<lanes>(part, parts, crew);
    const Packed<T> total = crew.alone() ? scratch.gradient : crew.gradient(part);
    const Totals totals{parts, crew.alone() ? 0 : Packed<T>::gradient_size(shape), part == 0};
    if (learns) add_parts<lanes>(shape, sums, totals, total);
    dev::block_barrier();  // the losses are read, and the gradient is written
  }
  double loss = Memory::sum();
  if (!crew.alone()) {
    crew.all().barrier();  // every part is done
    if (crew.leads() || crew.each_steps()) {
      loss = crew.sum_of_losses(all);
      if (learns) crew.sum_gradients(all, Workers(), scratch.gradient.product);
    }
  }
  return loss / shown.mask_sum;
}

}  // namespace tbrnn::cuda
