// The choice among the kernels. Those of a model are compiled apart, in a source of its own.
#pragma once

#include <algorithm>
#include <string_view>

#include "core/dispatch.hpp"
#include "member.cuh"
#include "task.cuh"
#include "team.cuh"

namespace tbrnn::cuda {

template <class T>
struct Kernel {
  const char* name = nullptr;  // null where there is none
  void (*entry)(TrainingTask<T>) = nullptr;
  Seats seats{};  // of a block that works on its own
  // Of units, that the blocks of a team share out, or groups of trials, that its clusters do; 0 where a block works on its own.
  int panels = 0;
  int fine_panels = 0;  // that they share out instead, where there is a cluster for each; 0 if none
  std::size_t shared_bytes = 0;
  int capability = 0;                  // that it must be compiled for, as 75
  int (*parts)(int trials) = nullptr;  // at most, that the teams of a member take in turn
  int resident = 1;                    // blocks of a member on a multiprocessor, at most
  int cluster = 0;                     // blocks, of teams of clusters
  int halves = 1;                      // places where a member's parts leave their sums in turn
  bool splits = false;                 // products where the shape asks for it

  std::size_t scratch_size(const Shape<T>& shape, int steps) const {
    return panels ? TeamScratch<T>::size(shape, steps) : Scratch<T>::size(shape, steps, seats);
  }
  const char* refused(const Shape<T>& shape) const {  // why there is none here, or null
    if (dev::capability(entry) < capability)
      return "none: full-rank and full three-body networks and fixed matrices need compute "
             "capability 8.0 or more, of the GPU and among CMAKE_CUDA_ARCHITECTURES";
    if (shared_bytes > dev::most_shared_bytes())
      return "none: each reduction, readout, drive and input takes 128 bytes of a block's shared "
             "memory (float64: 256), and all together more than it has here";
    if (shape.split && !splits)
      return "none in tf32x3: in float32, full-rank networks of more than 128 units and full "
             "three-body networks of more than 64 have it";
    return nullptr;
  }
};

template <class Model, class T>
Kernel<T> kernel_for(const Shape<T>&);

template <class T>
Kernel<T> choose(std::string_view model, const Shape<T>& shape) {
  Kernel<T> found;
  with_model(model, [&](auto type) { found = kernel_for<decltype(type)>(shape); });
  return found;
}

}  // namespace tbrnn::cuda
