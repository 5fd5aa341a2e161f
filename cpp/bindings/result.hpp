// What became of some members of a cohort, as arrays with a member axis.
#pragma once

#include "bindings/register.hpp"
#include "cpu/learner.hpp"

namespace tbrnn {

struct BlockSizes {
  py::ssize_t parameters, arrays;  // numbers of one member, and the arrays that they form
};

py::dict result_of(const std::vector<const Learner*>&, BlockSizes);

}  // namespace tbrnn
