// From a model's name to its type: the only place that knows both.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>

#include "equations/models.hpp"

namespace tbrnn {

template <class Use>
void with_model(std::string_view name, Use&& use) {
  std::string known;
  const bool found = std::apply(
      [&](auto... model) {
        ((known += std::string(known.empty() ? "" : ", ") + decltype(model)::name), ...);
        return ((name == decltype(model)::name && (use(model), true)) || ...);
      },
      Models{});
  if (!found) throw std::invalid_argument("model must be one of " + known + ", got " + std::string(name));
}

}  // namespace tbrnn
