// The kernels that are compiled, and the choice among them.
#pragma once

#include <string_view>
#include <tuple>

#include "core/dispatch.hpp"
#include "gradient.cuh"

namespace tbrnn::cuda {

template <class T>
struct Kernel {
  const char* name = nullptr;  // null where no kernel serves the network
  void (*gradient)(GradientTask<T>) = nullptr;
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

template <class Model, class T, class S, int lanes>
Kernel<T> kernel(const char* name) {
  return {name, &gradient_kernel<Model, T, S, lanes>, Group<lanes>::trials,
          TileMemory<T, lanes>::bytes};
}

template <class Model, class T>
Kernel<T> choose(const Shape<T>& shape) {
  if constexpr (sizeof(T) == 4)
    if (shape.units <= 32) {
      Kernel<T> found;
      const auto consider = [&]<class S>(S) {
        if (!found.name && S::covers(shape))
          found = kernel<Model, T, S, 8>("channel, in registers");
      };
      std::apply([&](auto... sizes) { (consider(sizes), ...); }, typename Compiled<Model>::Sizes{});
      if (found.name) return found;
    }
  if (!Loose<Model>::covers(shape) || shape.units > 128) return {};
  const char* name = "channel, in local memory";
  if (shape.units <= 32) return kernel<Model, T, Loose<Model>, 8>(name);
  if (shape.units <= 64) return kernel<Model, T, Loose<Model>, 16>(name);
  return kernel<Model, T, Loose<Model>, 32>(name);
}

template <class T>
Kernel<T> choose(std::string_view model, const Shape<T>& shape) {
  Kernel<T> found;
  with_model(model, [&](auto type) { found = choose<decltype(type)>(shape); });
  return found;
}

}  // namespace tbrnn::cuda
