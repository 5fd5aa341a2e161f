// The trials of an epoch in batches, and tiles of trials in any order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/dataset.hpp"
#include "cpu/archive.hpp"
#include "cpu/rollout.hpp"

namespace tbrnn {

// Full batch: all trials as they are. Mini-batches: each epoch has an order of its own, see equations/noise.hpp.
class Batches {
 public:
  Batches(long batch, int trials);  // 0 trials in a batch, or as many as there are: full batch

  bool whole() const { return order_.empty(); }
  void shuffle(std::uint64_t key, long epoch);
  void make_room() { words_.reserve(order_.size()); }  // the next shuffle then asks for no memory
  bool advance();  // to the next batch, or back to the first: false

  // Positions of the present batch in the order.
  bool last() const { return end() == trials_; }
  int first() const { return static_cast<int>(at_) * size_; }
  int end() const { return std::min(first() + size_, trials_); }
  int tiles() const { return tiles_of(end() - first()); }
  int most_tiles() const { return tiles_of(size_); }
  const std::vector<int>& order() const { return order_; }

  template <class T>
  double mask_sum(const Dataset<T>& data) const {
    if (whole()) return data.mask_sum();
    double sum = 0;
    for (int i = first(); i < end(); ++i)
      sum += data.mask_sums()[order_[static_cast<std::size_t>(i)]];
    return sum;
  }

  bool within() const { return at_ >= 0 && at_ < (trials_ + size_ - 1) / size_; }
  void state(Archive& archive) { archive.number("batch", at_); }

 private:
  int trials_, size_;
  long at_ = 0;
  std::vector<int> order_;                            // empty in full batch
  std::vector<std::pair<std::uint64_t, int>> words_;  // of a shuffle, and no longer
};

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
