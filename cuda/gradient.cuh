// Loss and gradient of every member of a cohort: one block per member, and the blocks of the grid take the members in turn.
#pragma once

#include "member.cuh"

namespace tbrnn::cuda {

// What a launch reads and writes; arrays are [member] unless said otherwise.
template <class T>
struct GradientTask {
  Shape<T> shape;
  int members;
  int steps;              // of the longest data set
  const int* order;       // members that share a data set follow one another
  const T* parameters;    // [member][parameter]
  const Trials<T>* data;  // [data set]
  const int* data_of;
  const Noise<T>* noise;
  T* scratch;  // [block][scratch_size]
  std::size_t scratch_size;
  double* loss;
  T* gradient;  // [member][parameter]
};

template <class Model, class T, class S, int lanes>
__global__ void __launch_bounds__(block_threads, 1) gradient_kernel(const GradientTask<T> task) {
  const Shape<T>& shape = task.shape;
  const Scratch<T> scratch(
      shape, task.steps, Group<lanes>::trials,
      task.scratch + static_cast<std::size_t>(dev::block()) * task.scratch_size);
  for (int turn = dev::block(); turn < task.members; turn += dev::blocks()) {
    const int member = task.order[turn];
    const std::size_t block =
        static_cast<std::size_t>(member) * static_cast<std::size_t>(shape.parameters);
    const T* parameters = task.parameters + block;
    pack<Model>(shape, parameters, scratch.orth, scratch.packed);
    dev::block_barrier();
    LaneWeights<T, S> w;
    load<T, S, lanes>(shape, scratch.packed, w);
    const double loss = run_trials<Model, T, S, lanes, true>(shape, task.data[task.data_of[member]],
                                                             0, task.noise[member], w, scratch);
    if (dev::thread() == 0) task.loss[member] = loss;
    unpack<Model>(shape, parameters, scratch.gradient, scratch.of_units, scratch.orth,
                  task.gradient + block);
    dev::block_barrier();  // before the next member's weights
  }
}

}  // namespace tbrnn::cuda
