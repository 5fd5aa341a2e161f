// The passes of a channel rollout over one tile of 32 trials: loops over units, with the channels' values of the tile in registers. Passes
// that take nothing from a time loop are compiled once, in passes.cpp.
#pragma once

#include "cpu/gather.hpp"
#include "cpu/outer.hpp"
#include "cpu/respond.hpp"
#include "cpu/spread.hpp"

namespace tbrnn::inline TBRNN_ISA {

#define TBRNN_PASSES(EXTERN, T)                                            \
  EXTERN template void gather(int, int, const T*, int, const T*, T*);      \
  EXTERN template void spread_rows(int, int, const T*, int, const T*, T*); \
  EXTERN template void outer(int, int, int, Rows<T>, Rows<T>, T*, T*);     \
  EXTERN template void total(int, int, Rows<T>, T*);                       \
  EXTERN template void respond(const Activation<T>&, int, const T*, T*);
TBRNN_PASSES(extern, float)
TBRNN_PASSES(extern, double)

}  // namespace tbrnn::inline TBRNN_ISA
