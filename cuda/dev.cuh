// All that kernels and launchers take from the machine: threads, shared memory, barriers, shuffles, memory, launches.
// CUDA's own here; where the host's compiler reads the same kernels, the emulator of tests/cuda.
#pragma once

#ifndef __CUDACC__
#include "dev_emulated.hpp"
#else
#include "dev_cuda.cuh"
#endif
