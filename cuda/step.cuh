// What the workers of a member do after a pass over its trials: the guard, the stopping rules, the best weights, a step.
#pragma once

#include "adam_step.cuh"
#include "guard.cuh"

namespace tbrnn::cuda {

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

}  // namespace tbrnn::cuda
