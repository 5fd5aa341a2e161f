// What the CUDA engine does, in the words of the CPU engine; no device code.
#pragma once

#include <cstdint>
#include <vector>

#include "core/dataset.hpp"
#include "core/spec.hpp"

namespace tbrnn::cuda {

struct MemberNoise {
  std::uint64_t key = 0;  // seed in the lower, member in the upper half
  double sigma = 0.0;
  std::uint32_t epoch = 0;
};

template <class T>
struct Cohort {  // members of one Spec and what each of them reads
  Spec spec;
  int members;
  const T* parameters;  // (member, block)
  std::vector<const Dataset<T>*> data;
  std::vector<MemberNoise> noise;
};

// loss (member), gradient (member, block)
template <class T>
void gradient(const Cohort<T>&, Match, double* loss, T* gradient);

// The name of the kernel that serves a network, or why none does.
template <class T>
const char* kernel_of(const Spec&, Match);

}  // namespace tbrnn::cuda
