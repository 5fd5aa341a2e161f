// One pass of a member's block over the trials of a data set, tile by tile.
#pragma once

#include "batches.cuh"
#include "gated_backward.cuh"
#include "packing.cuh"
#include "reduce.cuh"
#include "sharing.cuh"

namespace tbrnn::cuda {

// Memory of a resident block, kept from member to member.
template <class T>
struct Scratch {
  History<T> history;
  Packed<T> packed, gradient;
  T* of_units;
  void* orth;

  // Entries before what belongs to hard_orth, which starts at a quad as does the next block's memory.
  TBRNN_FN static std::size_t quads(std::size_t entries) {
    return (entries + lane_units - 1) / lane_units * lane_units;
  }
  TBRNN_FN static std::size_t before_orth(const Shape<T>& shape, int steps, int slots) {
    return quads(History<T>::size(shape, steps, slots) + 2 * Packed<T>::size(shape) +
                 static_cast<std::size_t>(shape.units));
  }
  static std::size_t size(const Shape<T>& shape, int steps, int slots) {
    return before_orth(shape, steps, slots) + quads(Orth<T>::bytes(shape) / sizeof(T) + 1);
  }
  TBRNN_FN Scratch(const Shape<T>& shape, int steps, int slots, T* at)
      : history(shape, steps, at),
        packed(shape, at + History<T>::size(shape, steps, slots)),
        gradient(shape, packed.product + Packed<T>::size(shape)),
        of_units(gradient.product + Packed<T>::size(shape)),
        orth(at + before_orth(shape, steps, slots)) {}
};

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
      gated_forward<Model, T, S, lanes>(shape, shown.steps, source, noise, w, scratch.packed,
                                        scratch.history);
    else
      forward<Model, T, S, lanes>(shape, shown.steps, source, noise, w, scratch.packed,
                                  scratch.history);
    dev::block_barrier();  // the channels are saved
    Number<T> loss[1] = {Number<T>(T(0))};
    if (sizes.readouts())
      loss[0] = readout_errors<T, S, lanes>(shape, shown.steps, source, Number<T>(twice),
                                            scratch.packed, scratch.history, sums);
    dev::block_barrier();  // the adjoints of the outputs are saved
    if (learns) {
      if constexpr (has_gates(Model::recurrence))
        gated_backward<Model, T, S, lanes>(shape, shown.steps, source, noise, twice, w,
                                           scratch.packed, scratch.history, sums, loss[0]);
      else
        backward<Model, T, S, lanes>(shape, shown.steps, source, noise, twice, w, scratch.packed,
                                     scratch.history, sums, loss[0]);
    } else if (sizes.readouts() == 0) {
      loss_of_units<T, S, lanes>(shape, shown.steps, source, scratch.history, loss[0]);
    }
    if constexpr (Product<Model>::exists)
      if (learns) {
        dev::block_barrier();  // every e is saved
        add_product_gradient<Model, T, lanes>(shape, shown.steps, scratch.history,
                                              tile == 0 && first == 0, scratch.gradient.product);
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
  double loss = 0;
  for (int tile = crew.rank; tile < shown.tiles(); tile += crew.blocks) {
    LaneSums<T, S> sums;
    clear(shape, sums);
    run_tile<Model, T, S, lanes>(learns, shape, shown, tile, noise, w, scratch, sums);
    if (dev::thread() == 0) {
      double of_tile = 0;
      for (int trial = 0; trial < tile_trials; ++trial)
        of_tile += static_cast<double>(TileMemory<T, lanes>::loss(trial));
      loss += of_tile;
      if (!crew.alone()) crew.loss(tile) = of_tile;
    }
    if (learns)
      add_tile<lanes>(shape, sums, !crew.alone() || tile == 0,
                      crew.alone() ? scratch.gradient : Packed<T>(shape, crew.gradient(tile)));
    dev::block_barrier();  // the losses are read, and the gradient is written
  }
  if (!crew.alone()) {
    crew.barrier();  // every tile is done
    if (crew.leads()) loss = crew.sum(shown.tiles(), learns ? scratch.gradient.product : nullptr);
  }
  return loss / shown.mask_sum;
}

}  // namespace tbrnn::cuda
