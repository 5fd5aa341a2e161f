// The device as CUDA gives it. PTX lives in these files and nowhere else.
#pragma once

#include "dev/access.cuh"
#include "dev/blocks.cuh"
#include "dev/copies.cuh"
#include "dev/launch.cuh"
#include "dev/matrix_units.cuh"
#include "dev/numbers.cuh"
#include "dev/threads.cuh"

#define TBRNN_UNROLL _Pragma("unroll")
#define TBRNN_UNROLL_TIMES(times) TBRNN_PRAGMA(unroll(times))
#define TBRNN_PRAGMA(text) _Pragma(#text)
#define TBRNN_CALLED __noinline__      // compiled once for all the kernels of a source
#define TBRNN_INLINED __forceinline__  // else weights leave the registers
