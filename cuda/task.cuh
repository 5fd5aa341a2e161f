// What a launch reads and writes.
#pragma once

#include "course.hpp"
#include "views.cuh"

namespace tbrnn::cuda {

// Arrays are [member] unless said otherwise.
template <class T>
struct TrainingTask {
  Shape<T> shape;
  int turns;                           // members that still learn
  const int* order;                    // [turn]; members that share a data set follow one another
  int steps;                           // of the longest data set
  long epochs;                         // of this launch
  const Trials<T>* data;               // [data set]
  const int *data_of, *validation_of;  // -1 without validation
  const Course* courses;
  Progress* progress;
  int fields;
  int field_begin[most_fields + 1];
  double low[most_fields], high[most_fields];        // bounds of the entries of a field
  const T* mask;                                     // [parameter] of zeros and ones, or null
  T *parameters, *before, *best, *gradient, *m, *v;  // [member][parameter]
  long* steps_taken;                                 // [member][field]
  double* history;                                   // [member][history_size][record_width]
  int history_size;
  T* scratch;  // [block][scratch_size]
  std::size_t scratch_size;

  TBRNN_FN std::size_t at(int member) const {
    return static_cast<std::size_t>(member) * static_cast<std::size_t>(shape.parameters);
  }
};

}  // namespace tbrnn::cuda
