// Memory aligned to a cache line, for rows that SIMD lanes read.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace tbrnn {

inline constexpr std::size_t cache_line = 64;

template <class T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t size)
      : size_(size),
        memory_(static_cast<T*>(::operator new (size * sizeof(T), std::align_val_t{cache_line}))) {}
  T* data() { return memory_.get(); }
  const T* data() const { return memory_.get(); }
  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return memory_.get()[i]; }
  const T& operator[](std::size_t i) const { return memory_.get()[i]; }

 private:
  struct Delete {
    void operator()(T* at) const { ::operator delete (at, std::align_val_t{cache_line}); }
  };
  std::size_t size_ = 0;
  std::unique_ptr<T, Delete> memory_;
};

}  // namespace tbrnn
