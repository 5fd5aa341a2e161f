// Forward only, and loss with gradient, of many members at once; of those that were reached before a stop.
#pragma once

#include <vector>

#include "core/dataset.hpp"
#include "core/spec.hpp"
#include "cpu/member.hpp"
#include "cpu/threads.hpp"

namespace tbrnn {

template <class T>
struct Cohort {  // members of one Spec and what each of them reads
  Spec spec;
  int members;
  const T* parameters;  // (member, block)
  std::vector<const Dataset<T>*> data;
  std::vector<NoiseSource> noise;
};

template <class T>
struct Activity {  // (member, trial, time, unit or output), each may be null
  T* states;
  T* rates;
  T* outputs;
};

template <class T>
void simulate(const Cohort<T>&, int threads, Activity<T>, const Stop& = never_stopped);

// loss (member), gradient (member, block)
template <class T>
void gradient(const Cohort<T>&, Match, int threads, double* loss, T* gradient, Loss = Loss::squared,
              const Stop& = never_stopped);

}  // namespace tbrnn
