// What the present device is and has.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdio>

#include "core/plugin.hpp"
#include "dev/memory.cuh"

namespace tbrnn::dev {

inline void copy_text(const char* from, char* to, std::size_t size) {
  std::snprintf(to, size, "%s", from);
}

// Whether the present device runs `kernel`, and if not, why.
template <class Function>
plugin::Device device(Function* kernel) {
  using plugin::Readiness;
  plugin::Device d{};
  copy_text(TBRNN_CUDA_ARCHITECTURES, d.architectures, sizeof(d.architectures));
  cudaRuntimeGetVersion(&d.runtime);
  cudaDriverGetVersion(&d.driver);
  const auto end = [&](Readiness readiness, cudaError_t error) {
    d.readiness = readiness;
    copy_text(cudaGetErrorString(error), d.message, sizeof(d.message));
    cudaGetLastError();  // forgets it
    return d;
  };
  int count = 0, index = 0;
  cudaError_t error = cudaGetDeviceCount(&count);
  if (error == cudaErrorInsufficientDriver)
    return end(d.driver ? Readiness::old_driver : Readiness::no_driver, error);
  if (error == cudaErrorNoDevice) return end(Readiness::no_gpu, error);
  cudaDeviceProp properties{};
  if (!error) error = cudaGetDevice(&index);
  if (!error) error = cudaGetDeviceProperties(&properties, index);
  if (error) return end(Readiness::broken, error);
  d.major = properties.major;
  d.minor = properties.minor;
  d.memory = properties.totalGlobalMem;
  copy_text(properties.name, d.name, sizeof(d.name));
  cudaFuncAttributes attributes{};
  error = cudaFuncGetAttributes(&attributes, reinterpret_cast<const void*>(kernel));
  if (error == cudaErrorNoKernelImageForDevice || error == cudaErrorInvalidDeviceFunction)
    return end(Readiness::old_card, error);
  return end(error ? Readiness::broken : Readiness::ready, error);
}

inline int multiprocessors() {
  int device = 0, count = 0;
  require(cudaGetDevice(&device), "device");
  require(cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device), "device");
  return count;
}

inline std::size_t most_shared_bytes() {  // that a block can ask for
  int device = 0, bytes = 0;
  require(cudaGetDevice(&device), "device");
  require(cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device),
          "device");
  return static_cast<std::size_t>(bytes);
}

// The compute capability, as 75, that the kernel was compiled for which the present device runs.
template <class Function>
int capability(Function* kernel) {
  cudaFuncAttributes attributes{};
  require(cudaFuncGetAttributes(&attributes, reinterpret_cast<const void*>(kernel)), "kernel");
  return attributes.ptxVersion;
}

}  // namespace tbrnn::dev
