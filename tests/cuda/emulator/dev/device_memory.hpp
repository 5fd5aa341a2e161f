// Memory of the device and copies to and from it.
#pragma once

#include <cstring>
#include <memory>

#include "emulator.hpp"
#include "memory.hpp"

namespace tbrnn::dev {

template <class T>
class Memory {
 public:
  Memory() = default;
  explicit Memory(std::size_t size) : size_(size) {
    if (size * sizeof(T) > emulator::most_bytes) throw OutOfMemory(size * sizeof(T));
    at_.reset(new T[size]);
    emulator::poison(at_.get(), size * sizeof(T));
  }
  T* data() const { return at_.get(); }
  std::size_t size() const { return size_; }

 private:
  std::size_t size_ = 0;
  std::unique_ptr<T[]> at_;
};

template <class T>
Memory<T> padded(std::size_t size) {
  return Memory<T>(size);
}

template <class T>
void to_device(const T* from, std::size_t size, T* to) {
  if (size) std::memcpy(to, from, size * sizeof(T));
}

template <class T>
void to_host(const T* from, std::size_t size, T* to) {
  if (size) std::memcpy(to, from, size * sizeof(T));
}

}  // namespace tbrnn::dev
