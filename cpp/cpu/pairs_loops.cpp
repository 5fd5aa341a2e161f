// The time loops of the polynomial recurrence, compiled once for each instruction set.
#include "cpu/backward.hpp"
#include "cpu/forward.hpp"
#include "cpu/pairs.hpp"

namespace tbrnn::inline TBRNN_ISA {

template struct Loop<TBRNN, Pairs, float>;
template struct Loop<TBRNN, Pairs, double>;

}  // namespace tbrnn::inline TBRNN_ISA
