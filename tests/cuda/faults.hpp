// What the emulator finds wrong with a kernel.
#pragma once

#include <string>
#include <vector>

#include "dev.cuh"
#include "schedules.hpp"

namespace tbrnn::emulator_faults {

using emulator::Launch;

struct Four {
  float v[4];
};

// What is wrong with a kernel that writes one number per thread of the launch.
inline std::string fault(const Launch& launch, const std::function<void(float*)>& kernel) {
  std::vector<float> numbers;
  return emulator::fault_of(
      static_cast<std::size_t>(launch.blocks * launch.threads),
      [&](float* out) { emulator::run(launch, [&] { kernel(out); }); }, numbers,
      emulator::schedules);
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Of the thread in its launch.
inline int number() { return dev::block() * dev::threads() + dev::thread(); }

}  // namespace tbrnn::emulator_faults
