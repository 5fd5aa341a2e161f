#include "core/buffer.hpp"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace tbrnn {

namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;

std::align_val_t alignment(std::size_t bytes) {
  return std::align_val_t{bytes >= 2 * huge_page ? huge_page : cache_line};
}

}  // namespace

void* allocate_rows(std::size_t bytes) {
  void* at = ::operator new(bytes, alignment(bytes));
#if defined(__linux__)
  if (bytes >= 2 * huge_page) madvise(at, bytes / huge_page * huge_page, MADV_HUGEPAGE);
#endif
  return at;
}

void free_rows(void* at, std::size_t bytes) { ::operator delete(at, alignment(bytes)); }

}  // namespace tbrnn
