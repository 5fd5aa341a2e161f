// Is there a device that runs these kernels?
#include "dev.cuh"
#include "device.hpp"

namespace tbrnn::cuda {

namespace {

__global__ void any_kernel() {}

}  // namespace

plugin::Device device() { return dev::device(&any_kernel); }

}  // namespace tbrnn::cuda
