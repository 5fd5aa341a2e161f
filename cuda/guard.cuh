// The guard: some steps back where the loss or the gradient leaps.
#pragma once

#include "learner.cuh"

namespace tbrnn::cuda {

// What a guard may go back to: the last few weights and moments before a step, in a ring.
template <class T>
__device__ void keep(const Learner<T>& learner) {
  const TrainingTask<T>& task = learner.task;
  const long slot = learner.progress().kept_next;
  T* const blocks = learner.kept(slot);
  const int size = task.shape.parameters;
  learner.each_parameter([&](int i) {
    blocks[i] = learner.parameters[i];
    blocks[size + i] = learner.m[i];
    blocks[2 * size + i] = learner.v[i];
  });
  learner.each_field(
      [&](int field) { learner.kept_steps(slot)[field] = learner.steps_taken()[field]; });
}

// As far back as is kept.
template <class T>
__device__ void go_back(const Learner<T>& learner) {
  const TrainingTask<T>& task = learner.task;
  const Progress& progress = learner.progress();
  const long back = learner.course().guard_back,
             slot = (progress.kept_next + back - progress.kept) % back;
  const T* const blocks = learner.kept(slot);
  const int size = task.shape.parameters;
  learner.each_parameter([&](int i) {
    learner.parameters[i] = learner.before[i] = blocks[i];
    learner.m[i] = blocks[size + i];
    learner.v[i] = blocks[2 * size + i];
  });
  learner.each_field(
      [&](int field) { learner.steps_taken()[field] = learner.kept_steps(slot)[field]; });
}

// With a guard some steps back. Else the end; then the weights before the last update are the last good ones.
template <class T>
__device__ void recover(const Learner<T>& learner) {
  const Course& course = learner.course();
  Progress& progress = learner.progress();
  const bool diverges = progress.kept == 0 || progress.rollbacks == course.guard_most,
             none_better = progress.best_epoch < 0;
  if (diverges)
    learner.each_parameter([&](int i) {
      learner.parameters[i] = learner.before[i];
      if (none_better) learner.best[i] = learner.before[i];
    });
  else
    go_back(learner);
  learner.meet();
  if (learner.reckons()) {
    if (diverges)
      progress.status = Status::diverged;
    else
      progress.goes_back(course);
    if (!diverges && progress.pass != Pass::train) progress.pass = learner.first_look();
  }
  learner.meet();
}

}  // namespace tbrnn::cuda
