// An emulated device with little memory: the largest allocation in bytes, from the environment.
#include <cstdlib>

#include "emulator.hpp"

namespace tbrnn::emulator {

namespace {

const bool limited = [] {
  if (const char* bytes = std::getenv("TBRNN_EMULATED_BYTES"))
    most_bytes = std::strtoull(bytes, nullptr, 10);
  return true;
}();

}  // namespace

}  // namespace tbrnn::emulator
