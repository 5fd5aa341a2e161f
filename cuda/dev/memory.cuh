// Memory of the device, which is kept between calls.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

#include "memory.hpp"

namespace tbrnn::dev {

inline void require(cudaError_t error, const char* what) {
  if (error != cudaSuccess)
    throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(error));
}

inline Pool& pool() {
  static Pool blocks(
      [](std::size_t bytes) -> void* {
        void* at = nullptr;
        const cudaError_t error = cudaMalloc(&at, bytes);
        if (error == cudaErrorMemoryAllocation) {
          cudaGetLastError();  // forgets it
          return nullptr;
        }
        require(error, "device memory");
        return at;
      },
      [](void* at) { cudaFree(at); });
  return blocks;
}

template <class T>
class Memory {
 public:
  Memory() = default;
  explicit Memory(std::size_t size) : size_(size) {
    if (size) at_ = static_cast<T*>(pool().take(size * sizeof(T)));
  }
  Memory(Memory&& other) noexcept
      : size_(std::exchange(other.size_, 0)), at_(std::exchange(other.at_, nullptr)) {}
  Memory& operator=(Memory&& other) noexcept {
    std::swap(size_, other.size_);
    std::swap(at_, other.at_);
    return *this;
  }
  ~Memory() { pool().give_back(at_); }
  T* data() const { return at_; }
  std::size_t size() const { return size_; }

 private:
  std::size_t size_ = 0;
  T* at_ = nullptr;
};

// Memory whose padding is read, but not used. Emulated it stays NaN.
template <class T>
Memory<T> padded(std::size_t size) {
  Memory<T> memory(size);
  if (size) require(cudaMemsetAsync(memory.data(), 0, size * sizeof(T)), "device memory");
  return memory;
}

template <class T>
void to_device(const T* from, std::size_t size, T* to) {
  require(cudaMemcpy(to, from, size * sizeof(T), cudaMemcpyHostToDevice), "copy to the device");
}

template <class T>
void to_host(const T* from, std::size_t size, T* to) {
  require(cudaMemcpy(to, from, size * sizeof(T), cudaMemcpyDeviceToHost), "copy to the host");
}

}  // namespace tbrnn::dev
