// Masks (Three-Body RNNs): the initial weights and every gradient are multiplied by a constant array of zeros and ones, so that what
// is masked stays 0.
#pragma once

#include <cstddef>

#include "portable.hpp"

namespace tbrnn::inline TBRNN_ISA {

template <class T>
TBRNN_FN void mask_gradient(const double* mask, std::size_t size, T* gradient) {
  for (std::size_t i = 0; i < size; ++i) gradient[i] *= static_cast<T>(mask[i]);
}

}  // namespace tbrnn::inline TBRNN_ISA
