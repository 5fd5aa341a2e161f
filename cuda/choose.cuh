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
  const char* name = nullptr;  // null where no kernel serves the network
  void (*entry)(TrainingTask<T>) = nullptr;
  int trials = 0;       // that a block, or a team of blocks, works on at a time
  int most_blocks = 0;  // of a team; 0 where a block works on its own
  std::size_t shared_bytes = 0;
  int capability = 0;   // that it must be compiled for, as 75
  bool shares = false;  // whether several blocks may work on a member

  std::size_t scratch_size(const Shape<T>& shape, int steps) const {
    return most_blocks ? TeamScratch<T>::size(shape, steps)
                       : Scratch<T>::size(shape, steps, trials);
  }
  const char* refused() const {  // why there is none here, or null
    if (!entry)
      return "none: kernels take 32 channels at most, and 128 units of low-rank gated networks";
    if (dev::capability(entry) < capability)
      return "none: full-rank and full three-body networks and fixed matrices need compute "
             "capability 8.0 or more, of the GPU and among CMAKE_CUDA_ARCHITECTURES";
    return nullptr;
  }
};

struct Teams {
  int count, blocks;  // of each
};

// The largest teams that the device runs, and no more than it runs at the same time; of blocks on their own two on a multiprocessor.
template <class T>
Teams teams_of(const Kernel<T>& kernel, int members) {
  for (int blocks = kernel.most_blocks; blocks > 1; blocks /= 2) {
    const int count =
        dev::active_clusters(kernel.entry, blocks, block_threads, kernel.shared_bytes);
    if (count) return {std::min(members, count), blocks};
  }
  return {std::min(members, (kernel.most_blocks ? 1 : 2) * dev::multiprocessors()), 1};
}

template <class Model, class T>
Kernel<T> kernel_for(const Shape<T>&);

template <class T>
Kernel<T> choose(std::string_view model, const Shape<T>& shape) {
  Kernel<T> found;
  with_model(model, [&](auto type) { found = kernel_for<decltype(type)>(shape); });
  return found;
}

}  // namespace tbrnn::cuda
