// phi and its slope as the kernels of one instruction set compute them, as functions of arrays.
#pragma once

#include "equations/choices.hpp"

namespace tbrnn {

// `count` is a multiple of 16; slope is phi' in terms of the value.
template <class T>
using Evaluate = void (*)(Nonlinearity, const T* x, int count, T* value, T* slope);

struct Evaluators {
  Evaluate<float> single;
  Evaluate<double> real;
};

Evaluators evaluate_baseline();
Evaluators evaluate_avx2();
Evaluators evaluate_avx512();

}  // namespace tbrnn
