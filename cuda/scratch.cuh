// What a block that works on its own keeps in global memory.
#pragma once

#include "packing.cuh"

namespace tbrnn::cuda {

// Memory of a resident block, kept from member to member.
template <class T>
struct Scratch {
  History<T> history;
  Packed<T> packed, gradient;
  T* bunch;  // [Packed], with a product stage: the gradient of a bunch
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
                 static_cast<std::size_t>(shape.units));
  }
  static std::size_t size(const Shape<T>& shape, int steps, Seats seats) {
    return before_orth(shape, steps, seats) + quads(Orth<T>::bytes(shape) / sizeof(T) + 1);
  }
  TBRNN_FN Scratch(const Shape<T>& shape, int steps, Seats seats, T* at)
      : history(shape, steps, seats, at),
        packed(Packed<T>::of_weights(shape, at + History<T>::size(shape, steps, seats))),
        gradient(Packed<T>::of_gradient(shape, packed.product + Packed<T>::size(shape))),
        bunch(gradient.product + Packed<T>::gradient_size(shape)),
        of_units(bunch + (shape.product_rows ? Packed<T>::gradient_size(shape) : 0)),
        orth(at + before_orth(shape, steps, seats)) {}
};

}  // namespace tbrnn::cuda
