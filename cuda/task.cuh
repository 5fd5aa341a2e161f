// What a launch reads and writes.
#pragma once

#include "batches.cuh"
#include "course.hpp"
#include "views.cuh"

namespace tbrnn::cuda {

// Where blocks that share a member meet; see sharing.cuh.
template <class T>
struct Sharing {
  int crews;                  // members that are trained at a time
  int teams, team_blocks;     // of a crew, and of a team
  int parts, losses_of_crew;  // at most, and as many trials
  T* gradients;               // [half][crew][part][Packed], of several teams
  double* losses;             // [half][crew][part or trial]
  unsigned* arrivals;         // [crew], then [crew][team]; 0 before a launch

  TBRNN_FN int blocks() const { return teams * team_blocks; }
};

inline constexpr int norm_parts = 64;  // of the sum of squares of a gradient, at most

// Arrays are [member] unless said otherwise.
template <class T>
struct TrainingTask {
  Shape<T> shape;
  int turns;                           // members that still learn
  const int* order;                    // [turn]; members that share a data set follow one another
  int steps;                           // of the longest data set
  long epochs;                         // of this launch
  long rest_every;                     // epochs; members stop at its multiples; 0 = never
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
  double* norms;                                     // [member][norm_parts]
  int most_back;                                     // steps that the members' guards undo
  T* kept;           // [member][most_back][parameters, m, v][parameter]
  long* kept_steps;  // [member][most_back][field]
  double* history;   // [member][history_size][record_width]
  int history_size;
  T* scratch;  // [team][scratch_size]
  std::size_t scratch_size;
  Ticket* tickets;  // [block][most_tickets] where there are batches
  int most_tickets;
  Sharing<T> sharing;

  TBRNN_FN int field_of(int parameter) const {
    int field = 0;
    while (parameter >= field_begin[field + 1]) ++field;
    return field;
  }
  TBRNN_FN std::size_t at(int member) const {
    return static_cast<std::size_t>(member) * static_cast<std::size_t>(shape.parameters);
  }
};

}  // namespace tbrnn::cuda
