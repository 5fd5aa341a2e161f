// The device.
#pragma once

#include <cstring>

#include "core/plugin.hpp"
#include "emulator.hpp"

namespace tbrnn::dev {

inline int multiprocessors() { return emulator::multiprocessors; }
inline std::size_t most_shared_bytes() { return emulator::most_shared_bytes; }
inline constexpr int compiled_capability = 90;

template <class Function>
int capability(Function*) {
  return emulator::capability;
}

template <class Function>
plugin::Device device(Function*) {
  plugin::Device d{};
  std::strcpy(d.name, "emulated device");
  return d;
}

}  // namespace tbrnn::dev
