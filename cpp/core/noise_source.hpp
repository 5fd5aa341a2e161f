// The noise of one member in one epoch, which every engine draws from equations/noise.hpp.
#pragma once

#include <cstdint>

namespace tbrnn {

struct NoiseSource {
  std::uint64_t key = 0;  // seed in the lower, member in the upper half
  double sigma = 0.0;
  std::uint32_t epoch = 0;
  double input_sigma = 0.0;
};

}  // namespace tbrnn
