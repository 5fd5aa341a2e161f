// The time loops of the gated recurrence, compiled once for each instruction set.
#include "cpu/gated_backward.hpp"
#include "cpu/gated_forward.hpp"
#include "equations/models.hpp"

namespace tbrnn::inline TBRNN_ISA {

template struct Loop<LowRankGRU, Gated, float>;
template struct Loop<LowRankGRU, Gated, double>;

}  // namespace tbrnn::inline TBRNN_ISA
