// Host and device compile the equations alike. Each instruction set puts its instantiations into an inline
// namespace of its own, so that the linker never merges code compiled for different processors.
#pragma once

#ifdef __CUDACC__
#define TBRNN_FN __host__ __device__ inline
#else
#define TBRNN_FN inline
#endif

#ifndef TBRNN_ISA
#define TBRNN_ISA host
#endif
