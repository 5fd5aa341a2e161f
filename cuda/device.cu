// Is there a device that runs these kernels?
#include "device.hpp"
#include "kernels.cuh"

namespace tbrnn::cuda {

plugin::Device device() {
  return dev::device(&gradient_kernel<LowRankRNN, float, Loose<LowRankRNN>, 8>);
}

}  // namespace tbrnn::cuda
