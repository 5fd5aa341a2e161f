// The training of every member of a cohort, some epochs per launch: forward, loss, backward, Adam, schedule, stopping rules and the best
// weights, without the host. In full batch the loss after the update of epoch e is the forward pass of epoch e + 1.
#pragma once

#include "equations/adam.hpp"
#include "equations/bounds.hpp"
#include "equations/clip.hpp"
#include "equations/schedule.hpp"
#include "member.cuh"
#include "task.cuh"

namespace tbrnn::cuda {

// A member's own arrays.
template <class T>
struct Learner {
  const TrainingTask<T>& task;
  int member;
  T *parameters, *before, *best, *gradient, *m, *v;

  __device__ Learner(const TrainingTask<T>& t, int who)
      : task(t),
        member(who),
        parameters(t.parameters + t.at(who)),
        before(t.before + t.at(who)),
        best(t.best + t.at(who)),
        gradient(t.gradient + t.at(who)),
        m(t.m + t.at(who)),
        v(t.v + t.at(who)) {}

  __device__ const Course& course() const { return task.courses[member]; }
  __device__ Progress& progress() const { return task.progress[member]; }
  __device__ double* history() const {
    return task.history + static_cast<std::ptrdiff_t>(member) * task.history_size * record_width;
  }
  __device__ bool trained(int field) const { return !(course().untrained >> field & 1u); }
  template <class Use>
  __device__ void each_parameter(Use use) const {  // by the threads of the block
    for (int i = dev::thread(); i < task.shape.parameters; i += block_threads) use(i);
  }
};

// The norm of the trained gradient, in every thread.
template <class T>
__device__ double gradient_norm(const Learner<T>& learner) {
  const TrainingTask<T>& task = learner.task;
  double sum = 0;
  for (int field = 0; field < task.fields; ++field)
    if (learner.trained(field))
      for (int i = task.field_begin[field] + dev::thread(); i < task.field_begin[field + 1];
           i += block_threads)
        sum += sum_of_squares(learner.gradient + i, 1);
  return std::sqrt(over_block(sum));
}

// One step of AdamW on the trained arrays; each array counts its own steps.
template <class T>
__device__ void step(const Learner<T>& learner, double lr, double norm) {
  const TrainingTask<T>& task = learner.task;
  const Course& course = learner.course();
  AdamStep* constants = dev::shared_memory<AdamStep>();  // [field]
  const int mine = dev::thread();
  if (mine < task.fields && learner.trained(mine)) {
    long& taken = task.steps_taken[learner.member * task.fields + mine];
    constants[mine] = adam_step(lr, ++taken);
  }
  dev::block_barrier();
  const T shorter = course.clip > 0 ? static_cast<T>(clip_factor(norm, course.clip)) : T(1);
  for (int field = 0; field < task.fields; ++field) {
    if (!learner.trained(field)) continue;
    for (int i = task.field_begin[field] + dev::thread(); i < task.field_begin[field + 1];
         i += block_threads) {
      T& p = learner.parameters[i];
      if (course.decay != 0) shrink(lr, course.decay, p);
      adam(constants[field], shorter * learner.gradient[i], learner.m[i], learner.v[i], p);
      bound(task.low[field], task.high[field], &p, 1);
    }
  }
  dev::block_barrier();
}

// The weights before the last update are the last good ones.
template <class T>
__device__ void diverge(const Learner<T>& learner) {
  const bool none_better = learner.progress().best_epoch < 0;
  learner.each_parameter([&](int i) {
    learner.parameters[i] = learner.before[i];
    if (none_better) learner.best[i] = learner.before[i];
  });
  dev::block_barrier();
  if (dev::thread() == 0) learner.progress().status = Status::diverged;
  dev::block_barrier();
}

// The stopping rules in thread 0, then the best weights in all.
template <class T>
__device__ void judge(const Learner<T>& learner, double loss, bool* is_best) {
  if (dev::thread() == 0)
    *is_best = learner.progress().judge(learner.course(), loss, learner.history());
  dev::block_barrier();
  if (*is_best) learner.each_parameter([&](int i) { learner.best[i] = learner.parameters[i]; });
  dev::block_barrier();
}

template <class T>
__device__ void finish_step(const Learner<T>& learner, double loss, bool* flag) {
  const Course& course = learner.course();
  Progress& progress = learner.progress();
  const bool asked = course.clip > 0 || course.record_every > 0;
  const double norm = asked ? gradient_norm(learner) : Progress::unknown();
  if (progress.due(course))
    judge(learner, loss, flag);
  else if (dev::thread() == 0)
    progress.record(course, loss, learner.history());
  dev::block_barrier();
  if (!progress.running()) return;
  learner.each_parameter([&](int i) { learner.before[i] = learner.parameters[i]; });
  const Schedule schedule{static_cast<Ramp>(course.lr_ramp), course.lr_first, course.lr_last,
                          course.lr_epochs};
  const double lr = learning_rate(schedule, progress.epochs);
  step(learner, lr, norm);
  if (dev::thread()) return;
  progress.gradient_norm = norm;
  progress.lr = lr;
  ++progress.epochs;
  progress.pass = progress.next_pass(course, learner.task.validation_of[learner.member] >= 0);
}

// After one pass over its trials.
template <class T>
__device__ TBRNN_CALLED void finish_pass(const Learner<T>& learner, double loss, bool* flag) {
  Progress& progress = learner.progress();
  const Pass pass = progress.pass;
  if (pass != Pass::gradient) {
    if (!std::isfinite(loss)) return diverge(learner);
    if (pass == Pass::train) return finish_step(learner, loss, flag);
    if (pass == Pass::evaluate) return judge(learner, loss, flag);
  }
  dev::block_barrier();  // everybody has seen which pass it was
  if (dev::thread()) return;
  if (pass == Pass::gradient) {
    progress.last_loss = loss;
    progress.status = Status::capped;
  } else {
    progress.validation = loss;
    progress.pass = progress.after_validation(learner.course());
  }
}

// The mean loss of one pass, in every thread; a pass that learns leaves the gradient behind.
template <class Model, class T, class S, int lanes>
__device__ double run_pass(const Learner<T>& learner, const Scratch<T>& scratch) {
  const TrainingTask<T>& task = learner.task;
  const Shape<T>& shape = task.shape;
  const Course& course = learner.course();
  const Progress& progress = learner.progress();
  const Trials<T>& data = task.data[task.data_of[learner.member]];
  const Noise<T> noise{static_cast<T>(course.sigma), static_cast<T>(course.input_sigma),
                       static_cast<std::uint32_t>(course.key),
                       static_cast<std::uint32_t>(course.key >> 32),
                       static_cast<std::uint32_t>(progress.epochs)};
  pack<Model>(shape, learner.parameters, scratch.orth, scratch.packed);
  dev::block_barrier();
  LaneWeights<T, S> w;
  load<T, S, lanes>(shape, scratch.packed, w);
  const bool learns = progress.pass == Pass::train || progress.pass == Pass::gradient,
             validates = progress.pass == Pass::validate;  // with noise of its own
  const Trials<T>& looked_at = validates ? task.data[task.validation_of[learner.member]] : data;
  double loss = run_trials<Model, T, S, lanes>(learns, shape, looked_at,
                                               validates ? data.trials : 0, noise, w, scratch);
  if (learns) {
    unpack<Model>(shape, learner.parameters, scratch.gradient, scratch.of_units, scratch.orth,
                  learner.gradient);
    if (task.mask) {
      dev::block_barrier();  // the gradient is written
      learner.each_parameter([&](int i) { learner.gradient[i] *= task.mask[i]; });
    }
  }
  double* of_block = dev::shared_memory<double>();
  dev::block_barrier();
  if (dev::thread() == 0) *of_block = loss;
  dev::block_barrier();
  loss = *of_block;
  dev::block_barrier();
  return loss;
}

// Compute capability, as 75. Compiled for less, a kernel is empty.
template <class Model>
inline constexpr int least_capability =
    Model::recurrence == Recurrence::dense || Model::recurrence == Recurrence::pairs ? 80 : 75;

template <class Model, class T, class S, int lanes>
__device__ void train(const TrainingTask<T>& task) {
  const Scratch<T> scratch(
      task.shape, task.steps, Group<lanes>::trials,
      task.scratch + static_cast<std::size_t>(dev::block()) * task.scratch_size);
  bool* flag = reinterpret_cast<bool*>(&TileMemory<T, lanes>::loss(0));
  for (int turn = dev::block(); turn < task.turns; turn += dev::blocks()) {
    const Learner<T> learner(task, task.order[turn]);
    const Progress& progress = learner.progress();
    const long end = progress.epochs + task.epochs;
    dev::block_barrier();
    while (progress.running() && (progress.epochs < end || progress.pass != Pass::train)) {
      const double loss = run_pass<Model, T, S, lanes>(learner, scratch);
      finish_pass(learner, loss, flag);
      dev::block_barrier();
    }
  }
}

template <class Model, class T, class S, int lanes>
__global__ void __launch_bounds__(block_threads, 1)
    training_kernel(const __grid_constant__ TrainingTask<T> task) {
  if constexpr (dev::compiled_capability >= least_capability<Model>)
    train<Model, T, S, lanes>(task);
}

}  // namespace tbrnn::cuda
