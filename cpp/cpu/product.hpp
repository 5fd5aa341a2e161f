// The product stage of a member between its parameters and the time loop: sizes, packing, and the gradient's way back.
#pragma once

#include "core/spec.hpp"
#include "cpu/rollout.hpp"

namespace tbrnn {

ProductSize product_size(const Spec&);  // all 0 for a model of channels

// Weights that all members share.
template <class T>
void pack_shared(const Spec&, T* packed);

template <class T>
void pack_product(const Spec&, const T* parameters, T* rows, T* packed);

// Writes the product's parameters in `gradient`, a parameter block.
template <class T>
void unpack_product(const Spec&, const T* parameters, const T* packed_gradient, T* gradient);

}  // namespace tbrnn
