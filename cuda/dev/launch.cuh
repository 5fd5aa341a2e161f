// Launches.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <mutex>

#include "dev/properties.cuh"

namespace tbrnn::dev {

// Of all the threads that the present device holds at a time: what it sets aside before the first launch.
template <class Function>
std::size_t stack_bytes(Function* kernel) {
  cudaFuncAttributes attributes{};
  require(cudaFuncGetAttributes(&attributes, reinterpret_cast<const void*>(kernel)), "kernel");
  int device = 0, threads = 0;
  require(cudaGetDevice(&device), "device");
  require(cudaDeviceGetAttribute(&threads, cudaDevAttrMaxThreadsPerMultiProcessor, device),
          "device");
  return attributes.localSizeBytes * static_cast<std::size_t>(threads * multiprocessors());
}

// Never lowers it: another thread may be about to launch the same kernel with more.
template <class Function>
void allow_shared(Function* kernel, std::size_t bytes) {
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  cudaFuncAttributes attributes{};
  require(cudaFuncGetAttributes(&attributes, reinterpret_cast<const void*>(kernel)), "kernel");
  if (static_cast<std::size_t>(attributes.maxDynamicSharedSizeBytes) >= bytes) return;
  require(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                               static_cast<int>(bytes)),
          "shared memory");
}

template <class Function, class Start>
void launched(Function* kernel, const char* what, Start start) {
  cudaError_t error = cudaSuccess;
  const bool found_memory = pool().make_room([&] {
    error = start();
    if (error != cudaErrorMemoryAllocation) return true;
    cudaGetLastError();  // forgets it
    return false;
  });
  if (!found_memory) throw OutOfMemory(stack_bytes(kernel));
  require(error, what);
}

template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), int blocks, int threads, std::size_t shared_bytes,
            Arguments... arguments) {
  allow_shared(kernel, shared_bytes);
  launched(kernel, "launch", [&] {
    kernel<<<static_cast<unsigned>(blocks), static_cast<unsigned>(threads), shared_bytes>>>(
        static_cast<Parameters>(arguments)...);
    return cudaGetLastError();
  });
}

// All blocks at the same time, so that they can wait for one another. There must be room for them.
template <class... Parameters, class... Arguments>
void launch_together(void (*kernel)(Parameters...), int blocks, int threads,
                     std::size_t shared_bytes, Arguments... arguments) {
  allow_shared(kernel, shared_bytes);
  void* list[] = {&arguments...};
  launched(kernel, "cooperative launch", [&] {
    return cudaLaunchCooperativeKernel(kernel, static_cast<unsigned>(blocks),
                                       static_cast<unsigned>(threads), list, shared_bytes);
  });
}

// The same in clusters of so many blocks, which must have room too.
template <class... Parameters>
cudaLaunchConfig_t in_clusters(void (*kernel)(Parameters...), int blocks, int cluster, int threads,
                               std::size_t shared_bytes, cudaLaunchAttribute (&list)[2]) {
  allow_shared(kernel, shared_bytes);
  if (cluster > 8)
    require(cudaFuncSetAttribute(kernel, cudaFuncAttributeNonPortableClusterSizeAllowed, 1),
            "clusters");
  list[0].id = cudaLaunchAttributeClusterDimension;
  list[0].val.clusterDim = {static_cast<unsigned>(cluster), 1, 1};
  list[1].id = cudaLaunchAttributeCooperative;
  list[1].val.cooperative = 1;
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(blocks));
  config.blockDim = dim3(static_cast<unsigned>(threads));
  config.dynamicSmemBytes = shared_bytes;
  config.attrs = list;
  config.numAttrs = 2;
  return config;
}

template <class... Parameters, class... Arguments>
void launch_clusters(void (*kernel)(Parameters...), int blocks, int cluster, int threads,
                     std::size_t shared_bytes, Arguments... arguments) {
  cudaLaunchAttribute list[2];
  const auto config = in_clusters(kernel, blocks, cluster, threads, shared_bytes, list);
  launched(kernel, "launch in clusters", [&] {
    return cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...);
  });
}

// How many clusters the present device runs at a time; 0 where it has none.
template <class... Parameters>
int active_clusters(void (*kernel)(Parameters...), int cluster, int threads,
                    std::size_t shared_bytes) {
  int has_clusters = 0, device = 0, count = 0;
  require(cudaGetDevice(&device), "device");
  require(cudaDeviceGetAttribute(&has_clusters, cudaDevAttrClusterLaunch, device), "device");
  if (!has_clusters || shared_bytes > most_shared_bytes()) return 0;
  cudaLaunchAttribute list[2];
  auto config = in_clusters(kernel, cluster, cluster, threads, shared_bytes, list);
  config.numAttrs = 1;
  if (cudaOccupancyMaxActiveClusters(&count, kernel, &config) == cudaSuccess) return count;
  cudaGetLastError();  // forgets it
  return 0;
}

}  // namespace tbrnn::dev
