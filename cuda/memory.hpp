// Memory of the device: what a call gives back is kept for the next one. No device code.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>

namespace tbrnn::dev {

struct OutOfMemory : std::runtime_error {
  explicit OutOfMemory(std::size_t asked)
      : std::runtime_error("device memory exhausted: " + std::to_string(asked) +
                           " bytes asked for"),
        bytes(asked) {}
  std::size_t bytes;
};

class Pool {
 public:
  using Allocate = void* (*)(std::size_t bytes);  // null when there is no more
  using Free = void (*)(void*);
  Pool(Allocate allocate, Free free) : allocate_(allocate), free_(free) {}

  // Among the blocks kept the smallest that is large enough, and at most twice as large as needed.
  void* take(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    const auto kept = kept_.lower_bound(bytes);
    if (kept != kept_.end() && kept->first <= 2 * bytes) {
      void* at = kept->second;
      used_.emplace(at, kept->first);
      kept_.erase(kept);
      return at;
    }
    void* at = nullptr;
    if (!twice([&] { return (at = allocate_(bytes)) != nullptr; })) throw OutOfMemory(bytes);
    used_.emplace(at, bytes);
    return at;
  }

  void give_back(void* at) {
    if (!at) return;
    const std::lock_guard lock(mutex_);
    const auto used = used_.find(at);
    kept_.emplace(used->second, at);
    used_.erase(used);
  }

  // What finds no memory on the device is tried again after all that is kept has been given up. Returns whether it found some.
  template <class Try>
  bool make_room(Try finds_memory) {
    const std::lock_guard lock(mutex_);
    return twice(finds_memory);
  }

 private:
  template <class Try>
  bool twice(Try finds_memory) {
    if (finds_memory()) return true;
    for (const auto& [bytes, at] : kept_) free_(at);
    kept_.clear();
    return finds_memory();
  }

  Allocate allocate_;
  Free free_;
  std::mutex mutex_;
  std::multimap<std::size_t, void*> kept_;  // by their bytes
  std::map<void*, std::size_t> used_;
};

}  // namespace tbrnn::dev
