// Copies that go on beside the threads.
#pragma once

#include <cstddef>

#include "dev/capability.cuh"

namespace tbrnn::dev {

// A few numbers of global memory to shared memory, while the thread goes on. It sees what it has asked for when it has waited: for all, or
// for all but the last few groups that it has closed.
template <class Few>
__device__ void copy_ahead(const Few* from, Few* to) {
  if constexpr (compiled_capability >= 80 && sizeof(Few) < 16)
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2;" ::"r"(
                     static_cast<unsigned>(__cvta_generic_to_shared(to))),
                 "l"(__cvta_generic_to_global(from)), "n"(sizeof(Few))
                 : "memory");
  else if constexpr (compiled_capability >= 80)
    for (std::size_t at = 0; at < sizeof(Few); at += 16)
      asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(
                       static_cast<unsigned>(__cvta_generic_to_shared(to) + at)),
                   "l"(__cvta_generic_to_global(from) + at)
                   : "memory");
  else
    *to = *from;
}
__device__ inline void close_copies() {
  if constexpr (compiled_capability >= 80) asm volatile("cp.async.commit_group;" ::: "memory");
}
template <int groups>
__device__ void copies_arrive_but() {
  if constexpr (compiled_capability >= 80)
    asm volatile("cp.async.wait_group %0;" ::"n"(groups) : "memory");
}
__device__ inline void copies_arrive() { asm volatile("cp.async.wait_all;" ::: "memory"); }

}  // namespace tbrnn::dev
