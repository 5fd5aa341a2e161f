// The kernels that are compiled, and the choice among them.
#pragma once

#include <string_view>
#include <tuple>

#include "core/dispatch.hpp"
#include "training.cuh"

namespace tbrnn::cuda {

template <class Task>
struct Kernel {
  const char* name = nullptr;  // null where no kernel serves the network
  void (*entry)(Task) = nullptr;
  int trials = 0;  // that a block works on at a time
  std::size_t shared_bytes = 0;
};

// Ranks 1 to 3 and up to three inputs, with up to three outputs or with the loss on the rates, keep all their weights in registers.
template <class Model>
struct Compiled;

template <>
struct Compiled<LowRankRNN> {
  using M = LowRankRNN;
  using Sizes = std::tuple<Known<M, 1, 0, 3, 3>, Known<M, 2, 0, 3, 3>, Known<M, 3, 0, 3, 3>,
                           Known<M, 1, 0, 3, 0>, Known<M, 2, 0, 3, 0>, Known<M, 3, 0, 3, 0>>;
};

template <>
struct Compiled<LowRankTBRNN> {
  using M = LowRankTBRNN;
  using Sizes = std::tuple<Known<M, 0, 1, 3, 3>, Known<M, 0, 2, 3, 3>, Known<M, 0, 3, 3, 3>,
                           Known<M, 0, 1, 3, 0>, Known<M, 0, 2, 3, 0>, Known<M, 0, 3, 3, 0>>;
};

template <>
struct Compiled<LowRankHORNN> {
  using M = LowRankHORNN;
  using Sizes = std::tuple<Known<M, 1, 1, 3, 3>, Known<M, 2, 2, 3, 3>, Known<M, 1, 1, 3, 0>,
                           Known<M, 2, 2, 3, 0>>;
};

// The kernel of a task, so that a source file compiles only those of its own.
template <class Model, class S, int lanes, class T>
constexpr auto entry_of(GradientTask<T>*) {
  return &gradient_kernel<Model, T, S, lanes>;
}

template <class Model, class S, int lanes, class T>
constexpr auto entry_of(TrainingTask<T>*) {
  return &training_kernel<Model, T, S, lanes>;
}

template <class Task, class Model, class T, class S, int lanes>
Kernel<Task> kernel(const char* name) {
  return {name, entry_of<Model, S, lanes>(static_cast<Task*>(nullptr)), Group<lanes>::trials,
          TileMemory<T, lanes>::bytes};
}

template <class Task, class Model, class T>
Kernel<Task> choose_for(const Shape<T>& shape) {
  if constexpr (sizeof(T) == 4)
    if (shape.units <= 32) {
      Kernel<Task> found;
      const auto consider = [&]<class S>(S) {
        if (!found.name && S::covers(shape))
          found = kernel<Task, Model, T, S, 8>("channel, in registers");
      };
      std::apply([&](auto... sizes) { (consider(sizes), ...); }, typename Compiled<Model>::Sizes{});
      if (found.name) return found;
    }
  if (!Loose<Model>::covers(shape) || shape.units > 128) return {};
  const char* name = "channel, in local memory";
  if (shape.units <= 32) return kernel<Task, Model, T, Loose<Model>, 8>(name);
  if (shape.units <= 64) return kernel<Task, Model, T, Loose<Model>, 16>(name);
  return kernel<Task, Model, T, Loose<Model>, 32>(name);
}

template <class Task, class T>
Kernel<Task> choose(std::string_view model, const Shape<T>& shape) {
  Kernel<Task> found;
  with_model(model, [&](auto type) {
    using Model = decltype(type);
    if constexpr (Model::recurrence == Recurrence::channel) found = choose_for<Task, Model>(shape);
  });
  return found;
}

}  // namespace tbrnn::cuda
