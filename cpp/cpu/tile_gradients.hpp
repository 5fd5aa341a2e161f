// The packed gradients of the tiles of one member, added in the order of the tiles: a thread alone keeps the sum and the present tile,
// threads that share the tiles keep all of them until the end.
#pragma once

#include <algorithm>
#include <cstddef>

namespace tbrnn {

template <class T>
class TileGradients {
 public:
  static std::size_t numbers(std::size_t size, int tiles, bool alone) {
    return static_cast<std::size_t>(alone ? std::min(tiles, 2) : tiles) * size;
  }

  TileGradients() = default;
  TileGradients(T* memory, std::size_t size, bool alone)
      : sum_(memory), size_(size), alone_(alone) {}

  T* of(int tile) const {
    return sum_ + static_cast<std::size_t>(alone_ ? tile > 0 : tile) * size_;
  }
  void done(int tile) const {
    if (alone_ && tile > 0) add(of(tile));
  }
  const T* total(int tiles) const {
    for (int tile = 1; !alone_ && tile < tiles; ++tile) add(of(tile));
    return sum_;
  }

 private:
  void add(const T* gradient) const {
    for (std::size_t i = 0; i < size_; ++i) sum_[i] += gradient[i];
  }
  T* sum_ = nullptr;
  std::size_t size_ = 0;
  bool alone_ = true;
};

}  // namespace tbrnn
