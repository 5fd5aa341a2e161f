// All that kernels and launchers take from the machine: threads, shared memory, barriers, shuffles, clusters, memory, launches.
// CUDA's own here; where the host's compiler reads the same kernels, the emulator of tests/cuda.
#pragma once

#ifndef __CUDACC__
#include "emulator.hpp"
#else
#include "dev_cuda.cuh"
#endif

namespace tbrnn::dev {

// Among the threads of all blocks of a cluster, which is one block unless the launch says otherwise.
__device__ inline int team_thread() { return cluster_rank() * threads() + thread(); }
__device__ inline int team_threads() { return cluster_size() * threads(); }

}  // namespace tbrnn::dev
