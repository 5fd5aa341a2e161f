// The choice among the kernels. Those of a model are compiled apart, in a source of its own.
#pragma once

#include <string_view>

#include "core/dispatch.hpp"
#include "task.cuh"

namespace tbrnn::cuda {

template <class T>
struct Kernel {
  const char* name = nullptr;  // null where no kernel serves the network
  void (*entry)(TrainingTask<T>) = nullptr;
  int trials = 0;  // that a block works on at a time
  std::size_t shared_bytes = 0;
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
