// Learning rate of epoch e = 0, 1, 2, ... with share = min(e, epochs) / epochs:
//   linear   first (1 + (last / first - 1) share)
//   cosine   last + (first - last) (1 + cos(pi share)) / 2
#pragma once

#include <cmath>

#include "portable.hpp"

namespace tbrnn::inline TBRNN_ISA {

enum class Ramp { linear, cosine };

struct Schedule {
  Ramp ramp;
  double first, last;
  long epochs;
};

TBRNN_FN double learning_rate(const Schedule& s, long e) {
  const double share = e < s.epochs ? static_cast<double>(e) / static_cast<double>(s.epochs) : 1.0;
  if (s.ramp == Ramp::cosine)
    return s.last + (s.first - s.last) * (1.0 + std::cos(3.14159265358979323846 * share)) / 2.0;
  return s.first * (1.0 + (s.last / s.first - 1.0) * share);
}

}  // namespace tbrnn::inline TBRNN_ISA
