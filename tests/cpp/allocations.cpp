// Every form of new; in a source of its own, since GCC takes pairs of new and delete that it sees through for mismatched ones.
#include "allocations.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>

thread_local long tbrnn::allowed_allocations = -1;

namespace {

void* allocate(std::size_t bytes, std::size_t alignment) {
  long& allowed = tbrnn::allowed_allocations;
  if (allowed >= 0 && allowed-- == 0) throw std::bad_alloc();
  const std::size_t whole = (bytes + alignment - 1) / alignment * alignment;
  if (void* at = std::aligned_alloc(alignment, whole ? whole : alignment)) return at;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t bytes) { return allocate(bytes, alignof(std::max_align_t)); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  try {
    return operator new(bytes);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* at) noexcept { std::free(at); }
void operator delete(void* at, std::size_t) noexcept { std::free(at); }
void operator delete(void* at, std::align_val_t) noexcept { std::free(at); }
void operator delete(void* at, std::size_t, std::align_val_t) noexcept { std::free(at); }
