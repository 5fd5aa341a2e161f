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

// Groups of as many lanes as a trial of that many units needs.
template <class Task, class Model, class T, class S>
Kernel<Task> of_units(int units, const char* name) {
  if (units <= 32) return kernel<Task, Model, T, S, 8>(name);
  if (units <= 64) return kernel<Task, Model, T, S, 16>(name);
  return kernel<Task, Model, T, S, 32>(name);
}

// In float32, few inputs and outputs stay in registers; the loose kernels of float64 are few, since they are long to compile.
template <class Task, class Model, class T>
Kernel<Task> choose_product(const Shape<T>& shape) {
  using Few = Known<Model, 0, 0, 3, 3>;
  using Any = Loose<Model>;
  const char* name = Product<Model>::dense ? "dense, in one block" : "polynomial, in one block";
  if constexpr (sizeof(T) == 4) {
    if (!Few::covers(shape) || shape.units > 64)
      return of_units<Task, Model, T, Any>(shape.units, name);
    return shape.units <= 32 ? kernel<Task, Model, T, Few, 8>(name)
                             : kernel<Task, Model, T, Few, 16>(name);
  } else {
    return shape.units <= 64 ? kernel<Task, Model, T, Any, 16>(name)
                             : kernel<Task, Model, T, Any, 32>(name);
  }
}

template <class Task, class Model, class T>
Kernel<Task> choose_for(const Shape<T>& shape) {
  if (!Loose<Model>::covers(shape) || shape.units > 128) return {};
  if constexpr (Product<Model>::exists) {
    return choose_product<Task, Model>(shape);
  } else {
    if constexpr (sizeof(T) == 4)
      if (shape.units <= 32) {
        Kernel<Task> found;
        const auto consider = [&]<class S>(S) {
          if (!found.name && S::covers(shape))
            found = kernel<Task, Model, T, S, 8>("channel, in registers");
        };
        std::apply([&](auto... sizes) { (consider(sizes), ...); },
                   typename Compiled<Model>::Sizes{});
        if (found.name) return found;
      }
    return of_units<Task, Model, T, Loose<Model>>(shape.units, "channel, in local memory");
  }
}

template <class Task, class T>
Kernel<Task> choose(std::string_view model, const Shape<T>& shape) {
  Kernel<Task> found;
  with_model(model, [&](auto type) {
    using Model = decltype(type);
    if constexpr (Model::recurrence == Recurrence::channel || Product<Model>::exists)
      found = choose_for<Task, Model>(shape);
  });
  return found;
}

}  // namespace tbrnn::cuda
