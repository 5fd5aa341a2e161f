// The device as the emulator gives it, file by file as cuda/dev_cuda.cuh.
#pragma once

#include "dev/access.hpp"
#include "dev/blocks.hpp"
#include "dev/copies.hpp"
#include "dev/device_memory.hpp"
#include "dev/launch.hpp"
#include "dev/matrix_units.hpp"
#include "dev/numbers.hpp"
#include "dev/threads.hpp"

#define __global__
#define __device__
#define __launch_bounds__(...)
#define TBRNN_UNROLL
#define TBRNN_UNROLL_TIMES(times)
#define TBRNN_CALLED __attribute__((noinline))
#define TBRNN_INLINED
#define __grid_constant__
