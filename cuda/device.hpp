// The device as the table tells it; no device code.
#pragma once

#include "core/plugin.hpp"

namespace tbrnn::cuda {

plugin::Device device();

}  // namespace tbrnn::cuda
