// Trials lie in tiles of 32, the unit of every sum over trials.
#pragma once

#include "equations/portable.hpp"

namespace tbrnn {

inline constexpr int tile_trials = 32;

TBRNN_FN constexpr int tiles_of(int trials) { return (trials + tile_trials - 1) / tile_trials; }

}  // namespace tbrnn
