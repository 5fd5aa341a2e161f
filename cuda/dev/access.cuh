// Loads and stores of four numbers, and registers.
#pragma once

#include <cstddef>

namespace tbrnn::dev {

// A pointer that stays in a register: the compiler no longer knows what it is made of, so it does not make it again in every step.
template <class T>
__device__ T* kept(T* at) {
  asm("" : "+l"(at));
  return at;
}
// The same of a number.
__device__ inline float kept(float number) {
  asm("" : "+f"(number));
  return number;
}
__device__ inline int kept(int number) {
  asm("" : "+r"(number));
  return number;
}

// Four numbers of shared memory, each time anew. In float32 they get neighbouring registers, the first an even one, and ptxas leaves them there.
template <class Quad>
__device__ Quad load_anew(const Quad* at) {
  if constexpr (sizeof(Quad) == 16) {
    Quad q;
    asm volatile("ld.volatile.shared.v4.f32 {%0, %1, %2, %3}, [%4];"
                 : "=f"(q.v[0]), "=f"(q.v[1]), "=f"(q.v[2]), "=f"(q.v[3])
                 : "r"(static_cast<unsigned>(__cvta_generic_to_shared(at))));
    return q;
  } else {
    return *at;
  }
}

// What a register happens to hold, for a place that nobody reads.
template <class T>
__device__ T anything() {
  T value;
  if constexpr (sizeof(T) == 4)
    asm("" : "=f"(value));
  else
    asm("" : "=d"(value));
  return value;
}

// Four numbers of global memory. In float32 one access, even where some of them are not used.
template <class Quad>
__device__ Quad load(const Quad* at) {
  if constexpr (sizeof(Quad) == 16) {
    Quad q;
    asm volatile("ld.global.v4.f32 {%0, %1, %2, %3}, [%4];"
                 : "=f"(q.v[0]), "=f"(q.v[1]), "=f"(q.v[2]), "=f"(q.v[3])
                 : "l"(__cvta_generic_to_global(at))
                 : "memory");
    return q;
  } else {
    return *at;
  }
}

// The first three. Four would take a register for the last, which, since nobody reads it, is given away at once; who gets it waits for the
// load.
template <class Quad>
__device__ Quad load_three(const Quad* at) {
  Quad q{};
  if constexpr (sizeof(Quad) == 16)
    asm volatile("ld.global.v2.f32 {%0, %1}, [%3]; ld.global.f32 %2, [%3 + 8];"
                 : "=f"(q.v[0]), "=f"(q.v[1]), "=f"(q.v[2])
                 : "l"(__cvta_generic_to_global(at))
                 : "memory");
  else
    for (int i = 0; i < 3; ++i) q.v[i] = at->v[i];
  return q;
}

// To the L2 cache, where it may have left it.
template <class T>
__device__ void fetch(const T* at) {
  asm volatile("prefetch.global.L2 [%0];" ::"l"(__cvta_generic_to_global(at)));
}

template <class Quad>
__device__ void store(Quad q, Quad* at) {
  if constexpr (sizeof(Quad) != 16)
    *at = q;
  else
    asm volatile("st.global.v4.f32 [%4], {%0, %1, %2, %3};" ::"f"(q.v[0]), "f"(q.v[1]), "f"(q.v[2]),
                 "f"(q.v[3]), "l"(__cvta_generic_to_global(at))
                 : "memory");
}

// The same of global or of shared memory.
template <class Quad>
__device__ Quad load_anywhere(const Quad* at) {
  if constexpr (sizeof(Quad) == 16) {
    Quad q;
    asm volatile("ld.v4.f32 {%0, %1, %2, %3}, [%4];"
                 : "=f"(q.v[0]), "=f"(q.v[1]), "=f"(q.v[2]), "=f"(q.v[3])
                 : "l"(at)
                 : "memory");
    return q;
  } else {
    return *at;
  }
}

template <class Quad>
__device__ void store_anywhere(Quad q, Quad* at) {
  if constexpr (sizeof(Quad) != 16)
    *at = q;
  else
    asm volatile("st.v4.f32 [%4], {%0, %1, %2, %3};" ::"f"(q.v[0]), "f"(q.v[1]), "f"(q.v[2]),
                 "f"(q.v[3]), "l"(at)
                 : "memory");
}

}  // namespace tbrnn::dev
