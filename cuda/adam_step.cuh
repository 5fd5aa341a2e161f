// A step of AdamW, and the norm of the gradient that it goes along.
#pragma once

#include "block_sum.cuh"
#include "equations/adam.hpp"
#include "equations/bounds.hpp"
#include "equations/clip.hpp"
#include "equations/schedule.hpp"
#include "learner.cuh"

namespace tbrnn::cuda {

// The norm of the trained gradient, in every thread: of parts, which are the same however many blocks there are.
template <class T>
__device__ double gradient_norm(const Learner<T>& learner) {
  const TrainingTask<T>& task = learner.task;
  constexpr int least = 16 * block_threads, most = norm_parts * block_threads;
  const int parameters = task.shape.parameters,
            of_thread = (parameters + most - 1) / most * block_threads,
            of_part = of_thread < least ? least : of_thread,
            parts = (parameters + of_part - 1) / of_part;
  double* norms = task.norms + learner.member * norm_parts;
  for (int part = learner.workers.rank; part < parts; part += learner.workers.blocks) {
    const int begin = part * of_part, end = begin + of_part;
    double sum = 0;
    for (int i = begin + dev::thread(); i < end && i < parameters; i += block_threads)
      if (learner.trained(task.field_of(i))) sum += sum_of_squares(learner.gradient + i, 1);
    sum = over_block(sum);
    if (dev::thread() == 0) norms[part] = sum;
  }
  learner.workers.barrier();
  double sum = 0;
  for (int part = 0; part < parts; ++part) sum += norms[part];
  return std::sqrt(sum);
}

// Powers and quotients in float64 are slow: a block that knows where the member stands has its last warp work them out beforehand, while
// others go through the trials or wait. `mine`: a field, or more than there are.
template <class T>
__device__ void prepare_step(const Learner<T>& learner, int mine, NextStep& next) {
  const Course& course = learner.course();
  const Progress& progress = learner.progress();
  const Schedule schedule{static_cast<Ramp>(course.lr_ramp), course.lr_first, course.lr_last,
                          course.lr_epochs};
  const double lr = progress.factor * learning_rate(schedule, progress.epochs);
  if (mine == 0) next.lr = lr;
  if (mine < learner.task.fields)
    next.of_field[mine] = adam_step(lr, learner.steps_taken()[mine] + 1);
}

template <class T>
__device__ TBRNN_CALLED void prepare_step_ahead(const Learner<T>& learner) {
  const int mine = dev::thread() - (block_threads - 32);
  if (mine >= 0) prepare_step(learner, mine, learner.standing->next);
}

// Each array counts its own steps.
template <class T>
__device__ const NextStep& next_step(const Learner<T>& learner) {
  if (learner.standing) return learner.standing->next;
  NextStep& next = *dev::shared_memory<NextStep>();
  prepare_step(learner, dev::thread(), next);
  dev::block_barrier();
  return next;
}

// One step of AdamW on the trained arrays. The weights before it are kept.
template <class T>
__device__ void step(const Learner<T>& learner, const NextStep& next, double norm) {
  const TrainingTask<T>& task = learner.task;
  const Course& course = learner.course();
  const T shorter = course.clip > 0 ? static_cast<T>(clip_factor(norm, course.clip)) : T(1);
  learner.each_parameter([&](int i) {
    const int field = task.field_of(i);
    if (!learner.trained(field)) return;
    T& p = learner.parameters[i];
    learner.before[i] = p;
    if (course.decay != 0) shrink(next.lr, course.decay, p);
    adam(next.of_field[field], shorter * learner.gradient[i], learner.m[i], learner.v[i], p);
    bound(task.low[field], task.high[field], &p, 1);
  });
  learner.meet();
  learner.each_field([&](int field) {
    if (learner.trained(field)) ++learner.steps_taken()[field];
  });
}

}  // namespace tbrnn::cuda
