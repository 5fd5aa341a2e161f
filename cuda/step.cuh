// What the workers of a member do after a pass over its trials: gradient norm, AdamW, the guard, the stopping rules, the best weights. Where
// the member is small each of its blocks takes the step for itself, else one block, or where the network is large all together.
#pragma once

#include "block_memory.cuh"
#include "block_sum.cuh"
#include "equations/adam.hpp"
#include "equations/bounds.hpp"
#include "equations/clip.hpp"
#include "equations/noise.hpp"
#include "equations/schedule.hpp"
#include "task.cuh"
#include "workers.cuh"

namespace tbrnn::cuda {

// A member's own arrays, and who takes its steps.
template <class T>
struct Learner {
  const TrainingTask<T>& task;
  const Workers& workers;
  Standing* const standing;  // null where several blocks share what is in global memory
  int member;
  T *parameters, *before, *best, *gradient, *m, *v;

  __device__ Learner(const TrainingTask<T>& t, const Workers& steppers, Standing* where,
                     AtHand<T>* near, int who)
      : task(t),
        workers(steppers),
        standing(where),
        member(who),
        parameters(near ? near->parameters : t.parameters + t.at(who)),
        before(t.before + t.at(who)),
        best(t.best + t.at(who)),
        gradient(near ? near->gradient : t.gradient + t.at(who)),
        m(near ? near->m : t.m + t.at(who)),
        v(near ? near->v : t.v + t.at(who)) {}

  // From launch to launch; every thread of a block calls them.
  __device__ void take_up() const {
    if (!standing) return;
    dev::block_barrier();  // nobody needs the last one any more
    if (dev::thread() == 0) standing->progress = task.progress[member];
    if (dev::thread() == 32) standing->course = task.courses[member];
    if (task.m && dev::thread() < task.fields)
      standing->steps_taken[dev::thread()] = all_steps_taken()[dev::thread()];
    if (is_at_hand()) {
      copy(task.parameters, parameters);
      if (task.m) copy(task.m, m);
      if (task.m) copy(task.v, v);
    }
    dev::block_barrier();
  }
  __device__ void lay_down() const {
    if (!standing) return;
    if (dev::thread() == 0) task.progress[member] = standing->progress;
    if (task.m && dev::thread() < task.fields)
      all_steps_taken()[dev::thread()] = standing->steps_taken[dev::thread()];
    if (!is_at_hand()) return;
    copy_back(parameters, task.parameters);
    copy_back(gradient, task.gradient);
    if (task.m) copy_back(m, task.m);
    if (task.m) copy_back(v, task.v);
  }

  // Who writes where the member stands, and when all that read it have done so.
  __device__ bool reckons() const { return standing ? dev::thread() == 0 : workers.first(); }
  __device__ void meet() const {
    if (standing)
      dev::block_barrier();
    else
      workers.barrier();
  }
  template <class Use>
  __device__ void each_field(Use use) const {
    if (dev::thread() < task.fields && (standing || workers.rank == 0)) use(dev::thread());
  }

  __device__ const Course& course() const {
    return standing ? standing->course : task.courses[member];
  }
  __device__ Progress& progress() const {
    return standing ? standing->progress : task.progress[member];
  }
  __device__ double* history() const {
    return task.history + static_cast<std::ptrdiff_t>(member) * task.history_size * record_width;
  }
  __device__ Noise<T> noise() const {  // of the present epoch
    const Course& c = course();
    return {same_in_warp(static_cast<T>(c.sigma)), same_in_warp(static_cast<T>(c.input_sigma)),
            static_cast<std::uint32_t>(c.key), static_cast<std::uint32_t>(c.key >> 32),
            static_cast<std::uint32_t>(progress().epochs)};
  }
  __device__ const Trials<T>& data() const { return task.data[task.data_of[member]]; }
  __device__ bool validates() const { return task.validation_of[member] >= 0; }
  __device__ bool whole() const {  // all trials in one step
    return course().batch == 0 || course().batch >= data().trials;
  }
  __device__ Pass first_look() const {  // at the losses of the present weights
    return progress().first_look(course(), whole(), validates());
  }
  __device__ long* steps_taken() const {
    return standing ? standing->steps_taken : all_steps_taken();
  }
  __device__ T* kept(long slot) const {
    return task.kept + (static_cast<std::ptrdiff_t>(member) * task.most_back + slot) * 3 *
                           task.shape.parameters;
  }
  __device__ long* kept_steps(long slot) const {
    return task.kept_steps +
           (static_cast<std::ptrdiff_t>(member) * task.most_back + slot) * task.fields;
  }
  __device__ bool trained(int field) const { return !(course().untrained >> field & 1u); }
  template <class Use>
  __device__ void each_parameter(Use use) const {
    for (int i = workers.thread(); i < task.shape.parameters; i += workers.threads()) use(i);
  }

 private:
  __device__ bool is_at_hand() const { return parameters != task.parameters + task.at(member); }
  __device__ long* all_steps_taken() const { return task.steps_taken + member * task.fields; }
  __device__ void copy(const T* all, T* near) const {
    each_parameter([&](int i) { near[i] = all[task.at(member) + i]; });
  }
  __device__ void copy_back(const T* near, T* all) const {
    each_parameter([&](int i) { all[task.at(member) + i] = near[i]; });
  }
};

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

// The stopping rules in the first thread, then the best weights in all.
template <class T>
__device__ void judge(const Learner<T>& learner, double loss) {
  if (learner.reckons()) learner.progress().judge(learner.course(), loss, learner.history());
  learner.meet();
  if (learner.progress().is_best())
    learner.each_parameter([&](int i) { learner.best[i] = learner.parameters[i]; });
  learner.meet();
}

// One step along the gradient.
template <class T>
__device__ void update(const Learner<T>& learner, double norm) {
  const Course& course = learner.course();
  Progress& progress = learner.progress();
  if (course.guard_back) {
    keep(learner);
    learner.meet();  // the weights are kept
  }
  const NextStep& next = next_step(learner);
  step(learner, next, norm);
  if (learner.reckons()) progress.took_a_step(course, next.lr, norm);
}

// The first thread: on to the next batch, or after the last one to the next epoch.
template <class T>
__device__ void finish_batch(const Learner<T>& learner) {
  if (!learner.reckons()) return;
  const Course& course = learner.course();
  Progress& progress = learner.progress();
  const bool whole = learner.whole();
  if (!whole && (progress.batch + 1) * course.batch < learner.data().trials) {
    ++progress.batch;
    return;
  }
  progress.batch = 0;
  ++progress.epochs;
  if (progress.due(course)) {
    progress.pass = learner.first_look();
    return;
  }
  if (!whole) progress.record(course, Progress::unknown(), learner.history());
  progress.pass = Pass::train;
}

template <class T>
__device__ void finish_step(const Learner<T>& learner, double loss) {
  const Course& course = learner.course();
  Progress& progress = learner.progress();
  const bool asked = course.clip > 0 || course.guard_back > 0 || course.record_every > 0;
  const double norm = asked ? gradient_norm(learner) : Progress::unknown();
  if (learner.reckons()) progress.set_limit(course, loss);
  if (progress.kept) learner.meet();  // the limit is set
  const bool undo = progress.must_undo(loss, norm);
  if (undo) {
    recover(learner);
    if (!progress.running()) return;
  }
  if (learner.whole()) {
    if (!undo && progress.due(course))
      judge(learner, loss);
    else if (learner.reckons())
      progress.record(course, loss, learner.history());
    if (!progress.running()) return;
  }
  if (!undo) update(learner, norm);
  finish_batch(learner);
}

// After one pass over its trials.
template <class T>
__device__ TBRNN_CALLED void finish_pass(const Learner<T>& learner, double loss) {
  Progress& progress = learner.progress();
  const Pass pass = progress.pass;
  if (pass == Pass::train) return finish_step(learner, loss);
  if (pass != Pass::gradient && !std::isfinite(loss)) return recover(learner);
  if (pass == Pass::evaluate) judge(learner, loss);
  learner.meet();  // everybody has seen which pass it was
  if (!learner.reckons()) return;
  if (pass == Pass::gradient) {
    progress.last_loss = loss;
    progress.status = Status::capped;
  } else if (pass == Pass::validate) {
    progress.validation = loss;
    progress.pass = progress.after_validation(learner.course(), learner.whole());
  } else {
    progress.pass = Pass::train;
  }
}

template <class T>
__device__ void apply_mask(const Learner<T>& learner) {
  if (!learner.task.mask) return;
  learner.workers.barrier();  // the gradient is written
  learner.each_parameter([&](int i) { learner.gradient[i] *= learner.task.mask[i]; });
}

}  // namespace tbrnn::cuda
