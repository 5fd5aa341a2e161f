// One pass of a member's block over the trials of a data set, tile by tile.
#pragma once

#include "batches.cuh"
#include "gated_backward.cuh"
#include "packing.cuh"
#include "reduce.cuh"

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
  const Trials<T>& data = shown.data;
  const T twice = static_cast<T>(2.0 / shown.mask_sum);
  for (int first = 0; first < tile_trials; first += Group<lanes>::trials) {
    const int mine = first + Group<lanes>::trial();
    const Source<T> source = shown.source(shape, tile * tile_trials + mine);
    if constexpr (has_gates(Model::recurrence))
      gated_forward<Model, T, S, lanes>(shape, data.steps, source, noise, w, scratch.packed,
                                        scratch.history);
    else
      forward<Model, T, S, lanes>(shape, data.steps, source, noise, w, scratch.packed,
                                  scratch.history);
    dev::block_barrier();  // the channels are saved
    Number<T> loss[1];
    if (!learns)
      loss[0] = loss_of<T, S, lanes>(shape, data.steps, source, scratch.history);
    else if constexpr (has_gates(Model::recurrence))
      loss[0] = gated_backward<Model, T, S, lanes>(shape, data.steps, source, noise, twice, w,
                                                   scratch.packed, scratch.history, sums);
    else
      loss[0] = backward<Model, T, S, lanes>(shape, data.steps, source, noise, twice, w,
                                             scratch.packed, scratch.history, sums);
    if constexpr (Product<Model>::exists)
      if (learns) {
        dev::block_barrier();  // every e is saved
        add_product_gradient<Model, T, lanes>(shape, data.steps, scratch.history,
                                              tile == 0 && first == 0, scratch.gradient.product);
      }
    if (shape.readouts == 0) Group<lanes>::sum(loss, 1);
    if (Group<lanes>::lane() == 0) TileMemory<T, lanes>::loss(mine) = loss[0].v;
    dev::block_barrier();  // the channels are read, and the losses written
  }
}

// The mean loss of a member, in thread 0; with `learns` the gradient of the packed weights too.
template <class Model, class T, class S, int lanes>
__device__ double run_trials(bool learns, const Shape<T>& shape, const Shown<T>& shown,
                             const Noise<T>& noise, const LaneWeights<T, S>& w,
                             const Scratch<T>& scratch) {
  double loss = 0;
  for (int tile = 0; tile < shown.tiles(); ++tile) {
    LaneSums<T, S> sums;
    clear(shape, sums);
    run_tile<Model, T, S, lanes>(learns, shape, shown, tile, noise, w, scratch, sums);
    if (dev::thread() == 0) {
      double of_tile = 0;
      for (int trial = 0; trial < tile_trials; ++trial)
        of_tile += static_cast<double>(TileMemory<T, lanes>::loss(trial));
      loss += of_tile;
    }
    if (learns) add_tile<lanes>(shape, sums, tile == 0, scratch.gradient);
    dev::block_barrier();  // the losses are read, and the gradient is written
  }
  return loss / shown.mask_sum;
}

}  // namespace tbrnn::cuda
