// The time loops of the gated recurrences, compiled once for each instruction set.
#include "cpu/gated_dense.hpp"
#include "equations/models.hpp"

namespace tbrnn::inline TBRNN_ISA {

template struct Loop<LowRankGRU, Gated, float>;
template struct Loop<LowRankGRU, Gated, double>;
template struct Loop<LeakyGRU, GatedDense, float>;
template struct Loop<LeakyGRU, GatedDense, double>;

}  // namespace tbrnn::inline TBRNN_ISA
