// Memory aligned to a cache line, for rows that SIMD lanes read; in huge pages where it is large, because a time loop strides through
// more small ones than the processor keeps translations for.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace tbrnn {

inline constexpr std::size_t cache_line = 64;

void* allocate_rows(std::size_t bytes);
void free_rows(void* at, std::size_t bytes);

template <class T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t size)
      : size_(size),
        memory_(static_cast<T*>(allocate_rows(size * sizeof(T))), {size * sizeof(T)}) {}
  T* data() { return memory_.get(); }
  const T* data() const { return memory_.get(); }
  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return memory_.get()[i]; }
  const T& operator[](std::size_t i) const { return memory_.get()[i]; }

 private:
  struct Delete {
    std::size_t bytes = 0;
    void operator()(T* at) const { free_rows(at, bytes); }
  };
  std::size_t size_ = 0;
  std::unique_ptr<T, Delete> memory_;
};

}  // namespace tbrnn
