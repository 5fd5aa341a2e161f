// The passes that no time loop adds anything to, compiled once for each instruction set.
#include "cpu/passes.hpp"

namespace tbrnn::inline TBRNN_ISA {

TBRNN_PASSES(, float)
TBRNN_PASSES(, double)

}  // namespace tbrnn::inline TBRNN_ISA
