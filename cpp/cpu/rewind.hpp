// The weights, moments and counts before each of the last few steps, to go back to: the memory of a guard.
#pragma once

#include <algorithm>
#include <vector>

#include "cpu/optimizer.hpp"

namespace tbrnn {

template <class T>
class Rewind {
 public:
  Rewind(long back, std::size_t size, std::size_t arrays)
      : back_(static_cast<std::size_t>(back)),
        size_(size),
        arrays_(arrays),
        blocks_(back_ * 3 * size),
        steps_(back_ * arrays) {}

  bool empty() const { return kept_ == 0; }

  void keep(const std::vector<T>& parameters, const Optimizer<T>& optimizer) {
    if (back_ == 0) return;
    const std::size_t slot = static_cast<std::size_t>(next_);
    T* to = blocks_.data() + slot * 3 * size_;
    for (const std::vector<T>* block : {&parameters, &optimizer.m, &optimizer.v})
      to = std::copy(block->begin(), block->end(), to);
    std::copy(optimizer.steps.begin(), optimizer.steps.end(), steps_.data() + slot * arrays_);
    next_ = static_cast<long>((slot + 1) % back_);
    kept_ = std::min(kept_ + 1, static_cast<long>(back_));
  }

  // As far back as is kept.
  void go_back(std::vector<T>& parameters, Optimizer<T>& optimizer) {
    const std::size_t slot =
        (static_cast<std::size_t>(next_) + back_ - static_cast<std::size_t>(kept_)) % back_;
    const T* from = blocks_.data() + slot * 3 * size_;
    for (std::vector<T>* block : {&parameters, &optimizer.m, &optimizer.v}) {
      std::copy_n(from, size_, block->begin());
      from += size_;
    }
    std::copy_n(steps_.data() + slot * arrays_, arrays_, optimizer.steps.begin());
    kept_ = 0;
  }

  bool within() const {
    const long back = static_cast<long>(back_);
    return kept_ >= 0 && kept_ <= back && next_ >= 0 && next_ < std::max(back, 1L);
  }

  void state(Archive& archive) {
    archive.array("kept_blocks", blocks_);
    archive.array("kept_steps", steps_);
    archive.number("kept", kept_);
    archive.number("kept_next", next_);
  }

 private:
  std::size_t back_, size_, arrays_;
  std::vector<T> blocks_;     // [back][parameters, m, v]
  std::vector<long> steps_;   // [back][array]
  long kept_ = 0, next_ = 0;  // a ring
};

}  // namespace tbrnn
