// What a block that works on its own keeps in global memory.
#pragma once

#include "packing.cuh"

namespace tbrnn::cuda {

// With a product stage: the weights of the inputs and the readouts as product_channels.cuh reads them, in whole quads.
template <class T>
struct ChannelMatrices {
  T* in;     // [input][pre-activation][units of the lanes]
  T* bias;   // [pre-activation][units of the lanes]
  T* out;    // [unit][readout]
  T* b_out;  // [readout]
  T* back;   // [readout][units of the lanes]
  std::size_t size;

  TBRNN_FN ChannelMatrices(const Shape<T>& shape, Seats seats, T* at) : size(0) {
    const int row = seats.quads * lane_units, readouts = whole_quads(shape.readouts);
    const auto next = [&](int rows, int columns) {
      T* const first = at + size;
      size += static_cast<std::size_t>(rows * columns);
      return first;
    };
    in = next(whole_quads(shape.inputs), shape.preactivations * row);
    bias = next(shape.preactivations, row);
    out = next(shape.columns(), readouts);
    b_out = next(1, readouts);
    back = next(readouts, row);
  }
  TBRNN_FN static std::size_t size_of(const Shape<T>& shape, Seats seats) {
    return shape.product_rows ? ChannelMatrices(shape, seats, nullptr).size : 0;
  }
};

// Memory of a resident block, kept from member to member.
template <class T>
struct Scratch {
  History<T> history;
  Packed<T> packed, gradient;
  T* bunch;     // [Packed], with a product stage: the gradient of a bunch
  T* channels;  // ChannelMatrices
  T* of_units;
  void* orth;

  // Entries before what belongs to hard_orth, which starts at a quad as does the next block's memory.
  TBRNN_FN static std::size_t quads(std::size_t entries) {
    return (entries + lane_units - 1) / lane_units * lane_units;
  }
  TBRNN_FN static std::size_t before_orth(const Shape<T>& shape, int steps, Seats seats) {
    const std::size_t gradients = shape.product_rows ? 2 : 1;
    return quads(History<T>::size(shape, steps, seats) + Packed<T>::size(shape) +
                 gradients * Packed<T>::gradient_size(shape) +
                 ChannelMatrices<T>::size_of(shape, seats) + static_cast<std::size_t>(shape.units));
  }
  static std::size_t size(const Shape<T>& shape, int steps, Seats seats) {
    return before_orth(shape, steps, seats) + quads(Orth<T>::bytes(shape) / sizeof(T) + 1);
  }
  TBRNN_FN Scratch(const Shape<T>& shape, int steps, Seats seats, T* at)
      : history(shape, steps, seats, at),
        packed(Packed<T>::of_weights(shape, at + History<T>::size(shape, steps, seats))),
        gradient(Packed<T>::of_gradient(shape, packed.product + Packed<T>::size(shape))),
        bunch(gradient.product + Packed<T>::gradient_size(shape)),
        channels(bunch + (shape.product_rows ? Packed<T>::gradient_size(shape) : 0)),
        of_units(channels + ChannelMatrices<T>::size_of(shape, seats)),
        orth(at + before_orth(shape, steps, seats)) {}
};

}  // namespace tbrnn::cuda
