// Which kernels run: the best instruction set of this processor, or the one asked for.
#pragma once

#include <string>
#include <vector>

#include "cpu/kernels.hpp"

namespace tbrnn {

std::vector<std::string> available_instruction_sets();  // best first
const InstructionSet& instruction_set();
void use_instruction_set(const std::string& name);  // std::runtime_error if the processor lacks it

double fma_peak(int threads, double seconds);  // float32 GFLOP/s

}  // namespace tbrnn
