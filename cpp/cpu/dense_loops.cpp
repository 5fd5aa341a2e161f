// The time loops of the dense recurrence, compiled once for each instruction set.
#include "cpu/backward.hpp"
#include "cpu/dense.hpp"
#include "cpu/forward.hpp"
#include "equations/models.hpp"

namespace tbrnn::inline TBRNN_ISA {

template struct Loop<RNN, Dense, float>;
template struct Loop<RNN, Dense, double>;
template struct Loop<LowRankRNN, Dense, float>;
template struct Loop<LowRankRNN, Dense, double>;
template struct Loop<LowRankTBRNN, Dense, float>;
template struct Loop<LowRankTBRNN, Dense, double>;
template struct Loop<LowRankHORNN, Dense, float>;
template struct Loop<LowRankHORNN, Dense, double>;

}  // namespace tbrnn::inline TBRNN_ISA
