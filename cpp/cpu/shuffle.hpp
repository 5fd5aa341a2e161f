// Mini-batches: the order of the trials in an epoch, and tiles of trials in that order.
#pragma once

#include <cstdint>
#include <vector>

#include "core/dataset.hpp"
#include "cpu/rollout.hpp"

namespace tbrnn {

// The trials in the order of one epoch, see equations/noise.hpp.
void shuffle(std::uint64_t key, std::uint32_t epoch, std::vector<int>& trials);

// One tile in the memory of a thread, which grows and is kept.
template <class T>
class TileMemory {
 public:
  // Positions [first, end) of the order, at most a tile; a tile that is not full repeats its last trial with weight 0.
  TileData<T> gather(const Dataset<T>&, const std::vector<int>& order, int first, int end);

 private:
  Buffer<T> memory_;
};

}  // namespace tbrnn
