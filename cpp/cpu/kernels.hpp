// The kernels of every instruction set that this build contains.
#pragma once

#include "cpu/rollout.hpp"

namespace tbrnn {

const InstructionSet& baseline_kernels();
#if defined(__x86_64__)
const InstructionSet& avx2_kernels();
const InstructionSet& avx512_kernels();
#endif

}  // namespace tbrnn
