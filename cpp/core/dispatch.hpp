// From a model's name to its type.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>

#include "equations/models.hpp"

namespace tbrnn {

template <class Use>
void with_model(std::string_view name, Use&& use) {
  std::apply(
      [&](auto... model) {
        if (((name == decltype(model)::name && (use(model), true)) || ...)) return;
        std::string known;
        ((known += std::string(known.empty() ? "" : ", ") + decltype(model)::name), ...);
        throw std::invalid_argument("model must be one of " + known + ", got " + std::string(name));
      },
      Models{});
}

}  // namespace tbrnn
