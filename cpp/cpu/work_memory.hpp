// The memory of a thread.
#pragma once

#include "cpu/plan.hpp"

namespace tbrnn {

// The rows that one tile needs, from one allocation that grows and is kept.
template <class T>
class WorkMemory {
 public:
  Workspace<T> fit(const Plan<T>&, int steps, std::size_t lane_bytes);

 private:
  Buffer<T> memory_;
};

}  // namespace tbrnn
