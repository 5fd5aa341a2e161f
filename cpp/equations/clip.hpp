// Clip by the global norm of the gradient (Pascanu, Mikolov & Bengio 2013): g <- g min(1, clip / (|g| + 1e-6))
#pragma once

#include <cstddef>

#include "portable.hpp"

namespace tbrnn::inline TBRNN_ISA {

template <class T>
TBRNN_FN double sum_of_squares(const T* g, std::size_t size) {
  double sum = 0;
  for (std::size_t i = 0; i < size; ++i)
    sum += static_cast<double>(g[i]) * static_cast<double>(g[i]);
  return sum;
}

TBRNN_FN double clip_factor(double norm, double clip) {
  const double factor = clip / (norm + 1e-6);
  return factor < 1.0 ? factor : 1.0;
}

}  // namespace tbrnn::inline TBRNN_ISA
