// The training of every member of a cohort, some epochs per launch: forward, loss, backward, Adam, schedule, stopping rules and the best
// weights, without the host. In full batch the loss after the update of epoch e is the forward pass of epoch e + 1.
#pragma once

#include "bunches.cuh"
#include "equations/adam.hpp"
#include "equations/bounds.hpp"
#include "equations/clip.hpp"
#include "equations/schedule.hpp"
#include "member.cuh"
#include "task.cuh"

namespace tbrnn::cuda {

// A member's own arrays, and who takes its steps.
template <class T>
struct Learner {
  const TrainingTask<T>& task;
  const Workers& workers;
  int member;
  T *parameters, *before, *best, *gradient, *m, *v;

  __device__ Learner(const TrainingTask<T>& t, const Workers& steppers, int who)
      : task(t),
        workers(steppers),
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
  __device__ Noise<T> noise() const {  // of the present epoch
    const Course& c = course();
    return {static_cast<T>(c.sigma), static_cast<T>(c.input_sigma),
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
  __device__ long* steps_taken() const { return task.steps_taken + member * task.fields; }
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
    for (int field = 0; field < task.fields; ++field) {
      if (!learner.trained(field)) continue;
      const int first = task.field_begin[field], last = task.field_begin[field + 1];
      for (int i = (first < begin ? begin : first) + dev::thread(); i < last && i < end;
           i += block_threads)
        sum += sum_of_squares(learner.gradient + i, 1);
    }
    sum = over_block(sum);
    if (dev::thread() == 0) norms[part] = sum;
  }
  learner.workers.barrier();
  double sum = 0;
  for (int part = 0; part < parts; ++part) sum += norms[part];
  return std::sqrt(sum);
}

// One step of AdamW on the trained arrays; each array counts its own steps. The weights before it are kept.
template <class T>
__device__ void step(const Learner<T>& learner, double lr, double norm) {
  const TrainingTask<T>& task = learner.task;
  const Course& course = learner.course();
  AdamStep* constants = dev::shared_memory<AdamStep>();  // [field]
  const int mine = dev::thread();
  const bool counts = mine < task.fields && learner.trained(mine);
  if (counts) constants[mine] = adam_step(lr, learner.steps_taken()[mine] + 1);
  dev::block_barrier();
  const T shorter = course.clip > 0 ? static_cast<T>(clip_factor(norm, course.clip)) : T(1);
  for (int field = 0; field < task.fields; ++field) {
    if (!learner.trained(field)) continue;
    for (int i = task.field_begin[field] + learner.workers.thread();
         i < task.field_begin[field + 1]; i += learner.workers.threads()) {
      T& p = learner.parameters[i];
      learner.before[i] = p;
      if (course.decay != 0) shrink(lr, course.decay, p);
      adam(constants[field], shorter * learner.gradient[i], learner.m[i], learner.v[i], p);
      bound(task.low[field], task.high[field], &p, 1);
    }
  }
  learner.workers.barrier();
  if (counts && learner.workers.rank == 0) ++learner.steps_taken()[mine];
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
  for (int i = learner.workers.thread(); i < task.fields; i += learner.workers.threads())
    learner.kept_steps(slot)[i] = learner.steps_taken()[i];
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
  for (int i = learner.workers.thread(); i < task.fields; i += learner.workers.threads())
    learner.steps_taken()[i] = learner.kept_steps(slot)[i];
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
  learner.workers.barrier();
  if (learner.workers.first()) {
    if (diverges)
      progress.status = Status::diverged;
    else
      progress.goes_back(course);
    if (!diverges && progress.pass != Pass::train) progress.pass = learner.first_look();
  }
  learner.workers.barrier();
}

// The stopping rules in the first thread, then the best weights in all.
template <class T>
__device__ void judge(const Learner<T>& learner, double loss) {
  if (learner.workers.first()) learner.progress().judge(learner.course(), loss, learner.history());
  learner.workers.barrier();
  if (learner.progress().is_best())
    learner.each_parameter([&](int i) { learner.best[i] = learner.parameters[i]; });
  learner.workers.barrier();
}

// One step along the gradient.
template <class T>
__device__ void update(const Learner<T>& learner, double norm) {
  const Course& course = learner.course();
  Progress& progress = learner.progress();
  if (course.guard_back) {
    keep(learner);
    learner.workers.barrier();  // the weights are kept
  }
  const Schedule schedule{static_cast<Ramp>(course.lr_ramp), course.lr_first, course.lr_last,
                          course.lr_epochs};
  const double lr = progress.factor * learning_rate(schedule, progress.epochs);
  step(learner, lr, norm);
  if (learner.workers.first()) progress.took_a_step(course, lr, norm);
}

// The first thread: on to the next batch, or after the last one to the next epoch.
template <class T>
__device__ void finish_batch(const Learner<T>& learner) {
  if (!learner.workers.first()) return;
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
  if (learner.workers.first()) progress.set_limit(course, loss);
  learner.workers.barrier();
  const bool undo = progress.must_undo(loss, norm);
  if (undo) {
    recover(learner);
    if (!progress.running()) return;
  }
  if (learner.whole()) {
    if (!undo && progress.due(course))
      judge(learner, loss);
    else if (learner.workers.first())
      progress.record(course, loss, learner.history());
    learner.workers.barrier();
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
  learner.workers.barrier();  // everybody has seen which pass it was
  if (!learner.workers.first()) return;
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

// Where all blocks of a crew take its steps, or the first alone.
template <class T>
__device__ bool takes_steps(const Crew<T>& crew, const Workers& steppers) {
  return crew.leads() || steppers.blocks > 1;
}

// The mean loss of one pass, in every thread of the blocks that take the steps; a pass that learns leaves the gradient behind.
template <class Model, class T, class S, int lanes>
__device__ double run_pass(const Learner<T>& learner, const Shown<T>& shown,
                           const Scratch<T>& scratch, const Crew<T>& crew) {
  const TrainingTask<T>& task = learner.task;
  const Shape<T>& shape = task.shape;
  const Progress& progress = learner.progress();
  const Noise<T> noise = learner.noise();
  const bool learns = progress.pass == Pass::train || progress.pass == Pass::gradient;
  double loss;
  if constexpr (Product<Model>::exists) {
    loss = run_bunches<Model, T, S, lanes>(learns, shape, learner.parameters, shown, noise, scratch,
                                           crew);
  } else {
    pack<Model>(Workers(), shape, learner.parameters, scratch.orth, scratch.packed);
    dev::block_barrier();
    LaneWeights<T, S> w;
    load<T, S, lanes>(shape, scratch.packed, w);
    loss = run_trials<Model, T, S, lanes>(learns, shape, shown, noise, w, scratch, crew);
  }
  if (!takes_steps(crew, learner.workers)) return 0;
  if (learns) {
    const auto unpack_from = [&](const Packed<T>& d) {
      unpack<Model>(learner.workers, shape, learner.parameters, d, scratch.of_units, scratch.orth,
                    learner.gradient);
    };
    if (Product<Model>::exists && !crew.alone())
      unpack_from(crew.gradient(0));
    else
      unpack_from(scratch.gradient);
    apply_mask(learner);
    learner.workers.barrier();  // the gradient is written
  }
  return of_first_thread(loss);
}

// The trials of the next pass.
template <class T>
__device__ Shown<T> shown_to(const Learner<T>& learner, long& shuffled) {
  const Trials<T>& data = learner.data();
  const Progress& progress = learner.progress();
  if (progress.pass == Pass::validate)
    return {learner.task.data[learner.task.validation_of[learner.member]], data.trials};
  if (progress.pass != Pass::train || learner.whole()) return {data, 0};
  Ticket* tickets = learner.task.tickets +
                    static_cast<std::ptrdiff_t>(dev::block_anew()) * learner.task.most_tickets;
  if (shuffled != progress.epochs) {
    shuffled = progress.epochs;
    shuffle(learner.course().key, shuffled, data.trials, learner.task.most_tickets, tickets);
  }
  return {data, tickets, progress.batch, static_cast<int>(learner.course().batch)};
}

// Where a launch leaves a member.
struct End {
  long epoch;
  bool rests;  // in the middle of what else would go on
};

template <class T>
__device__ End end_of(const TrainingTask<T>& task, long epochs) {
  const long end = epochs + task.epochs,
             rest = task.rest_every ? (epochs / task.rest_every + 1) * task.rest_every : end + 1;
  return {rest < end ? rest : end, rest <= end};
}

// Compute capability, as 75. Compiled for less, a kernel is empty.
template <class Model>
inline constexpr int least_capability =
    Model::recurrence == Recurrence::dense || Model::recurrence == Recurrence::pairs ? 80 : 75;

// The members of a crew, one after the other. run(learner, shown): the mean loss of a pass, in the threads that take the step.
template <class T, class Run>
__device__ void train_members(const TrainingTask<T>& task, const Crew<T>& crew,
                              const Workers& steppers, Run run) {
  for (int turn = crew.number(); turn < task.turns; turn += task.sharing.crews) {
    const Learner<T> learner(task, steppers, task.order[turn]);
    const Progress& progress = learner.progress();
    const End end = of_first_thread(end_of(task, progress.epochs));
    long shuffled = -1;  // the epoch whose order the tickets are in
    while (progress.running() &&
           (progress.epochs < end.epoch || (!end.rests && progress.pass != Pass::train))) {
      const Shown<T> shown = shown_to(learner, shuffled);
      const bool empty = shown.mask_sum == 0;  // a batch with nothing to compare
      const double loss = empty ? 0 : run(learner, shown);
      if (empty) crew.all().barrier();  // every block has seen it
      if (takes_steps(crew, steppers)) {
        if (empty)
          finish_batch(learner);
        else
          finish_pass(learner, loss);
      }
      crew.all().barrier();
    }
  }
}

template <class Model, class T, class S, int lanes>
__device__ void train(const TrainingTask<T>& task) {
  using Mine = Seat<S, lanes>;
  const Scratch<T> scratch(
      task.shape, task.steps, {Mine::trials, Mine::quads},
      task.scratch + static_cast<std::size_t>(dev::block()) * task.scratch_size);
  const Crew<T> crew(task.shape, task.sharing);
  const auto run = [&](const Learner<T>& learner, const Shown<T>& shown) {
    return run_pass<Model, T, S, lanes>(learner, shown, scratch, crew);
  };
  if constexpr (Product<Model>::exists) {
    ProductStage<Model, T, lanes>(task.shape, nullptr).prepare();
    train_members(task, crew, crew.all(), run);
  } else {
    train_members(task, crew, Workers(), run);
  }
}

template <class Model, class T, class S, int lanes>
__global__ void __launch_bounds__(block_threads, 1)
    training_kernel(const __grid_constant__ TrainingTask<T> task) {
  if constexpr (dev::compiled_capability >= least_capability<Model>)
    train<Model, T, S, lanes>(task);
}

}  // namespace tbrnn::cuda
