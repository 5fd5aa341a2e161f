// The choice among the kernels. Those of a model are compiled apart, in a source of its own.
#pragma once

#include <string_view>

#include "core/dispatch.hpp"
#include "dev.cuh"
#include "task.cuh"

namespace tbrnn::cuda {

template <class T>
struct Kernel {
  const char* name = nullptr;  // null where no kernel serves the network
  void (*entry)(TrainingTask<T>) = nullptr;
  int trials = 0;  // that a block works on at a time
  std::size_t shared_bytes = 0;
  int capability = 0;   // that it must be compiled for, as 75
  bool shares = false;  // whether several blocks may work on a member

  const char* refused() const {  // why there is none here, or null
    if (!entry) return "none: kernels take 128 units and 32 channels at most";
    if (dev::capability(entry) < capability)
      return "none: full-rank and full three-body networks need compute capability 8.0 or more, of "
             "the GPU and among CMAKE_CUDA_ARCHITECTURES";
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
