// Bounded parameters (a bias in a range, inputs that only excite): after every update, p <- min(max(p, low), high). NaN stays.
#pragma once

#include <cstddef>

#include "portable.hpp"

namespace tbrnn::inline TBRNN_ISA {

template <class T>
TBRNN_FN void bound(double low, double high, T* p, std::size_t count) {
  const T least = static_cast<T>(low), most = static_cast<T>(high);
  for (std::size_t i = 0; i < count; ++i) p[i] = p[i] < least ? least : p[i] > most ? most : p[i];
}

}  // namespace tbrnn::inline TBRNN_ISA
