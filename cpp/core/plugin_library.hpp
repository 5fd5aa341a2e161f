// A plug-in's library: opened when it is first asked for, checked, and kept.
#pragma once

#include <stdexcept>
#include <string>

#include "core/plugin.hpp"

namespace tbrnn {

struct Unavailable : std::runtime_error {  // an engine cannot be used; says why
  using std::runtime_error::runtime_error;
};

struct OutOfMemory : Unavailable {  // of the device
  explicit OutOfMemory(std::uint64_t bytes)
      : Unavailable("the device has no memory left: " + std::to_string(bytes) +
                    " bytes were asked for; train fewer members, trials or steps at a time, or use "
                    "device='cpu'") {}
};

const plugin::Table& open_plugin(const std::string& path);  // throws Unavailable

// As an exception, unless nothing failed.
void require(const plugin::Failure&);

}  // namespace tbrnn
