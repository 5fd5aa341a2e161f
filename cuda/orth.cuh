// hard_orth in a member's block: l, its first array, without its part in the input space.
#pragma once

#include <new>

#include "dev.cuh"
#include "equations/hard_orth.hpp"
#include "views.cuh"
#include "workers.cuh"

namespace tbrnn::cuda {

// One thread computes it, in memory of the workers.
template <class T>
struct Orth {
  InputSpace space;
  OrthMemory memory;

  __device__ static T* projected(void* at) {
    return reinterpret_cast<T*>(static_cast<Orth*>(at) + 1);
  }
  TBRNN_FN static std::size_t bytes(const Shape<T>& shape) {
    return shape.hard_orth ? sizeof(Orth) + sizeof(T) * static_cast<std::size_t>(shape.units) *
                                                static_cast<std::size_t>(shape.ranks.three)
                           : 0;
  }
  __device__ static const T* bias(const Shape<T>& shape, const T* p) {
    return shape.b_in[0] >= 0 ? p + shape.b_in[0] : nullptr;
  }
};

// Returns where l lies; every thread calls it.
template <class T>
__device__ const T* project(const Workers& all, const Shape<T>& shape, const T* p, void* memory) {
  T* l = Orth<T>::projected(memory);
  for (int i = all.thread(); i < shape.units * shape.ranks.three; i += all.threads()) l[i] = p[i];
  all.barrier();
  if (all.first()) {
    Orth<T>& orth = *static_cast<Orth<T>*>(memory);
    const T *w_in = p + shape.w_in[0], *b_in = Orth<T>::bias(shape, p);
    new (&orth.space) InputSpace(w_in, b_in, shape.units, shape.inputs);
    hard_orth(orth.space, w_in, b_in, shape.units, shape.inputs, shape.ranks.three, l, orth.memory);
  }
  all.barrier();
  return l;
}

// After the gradient with respect to the projected l has been written.
template <class T>
__device__ void project_adjoint(const Workers& all, const Shape<T>& shape, const T* p, void* memory,
                                T* gradient) {
  all.barrier();
  if (!all.first()) return;
  Orth<T>& orth = *static_cast<Orth<T>*>(memory);
  hard_orth_adjoint(orth.space, p + shape.w_in[0], Orth<T>::bias(shape, p), shape.units,
                    shape.inputs, shape.ranks.three, p, Orth<T>::projected(memory), gradient,
                    gradient + shape.w_in[0],
                    shape.b_in[0] >= 0 ? gradient + shape.b_in[0] : nullptr, orth.memory);
}

}  // namespace tbrnn::cuda
