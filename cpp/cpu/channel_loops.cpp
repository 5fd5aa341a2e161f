// The time loops of the channel recurrence, compiled once for each instruction set.
#include "cpu/backward.hpp"
#include "cpu/forward.hpp"
#include "equations/models.hpp"

namespace tbrnn::inline TBRNN_ISA {

template struct Loop<LowRankRNN, NoProduct, float>;
template struct Loop<LowRankRNN, NoProduct, double>;
template struct Loop<LowRankTBRNN, NoProduct, float>;
template struct Loop<LowRankTBRNN, NoProduct, double>;
template struct Loop<LowRankHORNN, NoProduct, float>;
template struct Loop<LowRankHORNN, NoProduct, double>;

}  // namespace tbrnn::inline TBRNN_ISA
