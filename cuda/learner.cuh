// A member that learns: its weights, moments and progress. Where it is small each of its blocks takes the steps for itself, else one block, or
// where the network is large all together.
#pragma once

#include "block_memory.cuh"
#include "equations/noise.hpp"
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

template <class T>
__device__ void apply_mask(const Learner<T>& learner) {
  if (!learner.task.mask) return;
  learner.workers.barrier();  // the gradient is written
  learner.each_parameter([&](int i) { learner.gradient[i] *= learner.task.mask[i]; });
}

}  // namespace tbrnn::cuda
