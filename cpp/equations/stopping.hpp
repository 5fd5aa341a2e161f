// When a training ends, when the guard takes steps back, and which pass is next: rules on the loss of the present weights.
// `at` is how far a member is and `course` how it is trained: plain structs of either engine, whose fields have the names of
// core/plugin.hpp.
#pragma once

#include <cmath>

#include "portable.hpp"

namespace tbrnn::inline TBRNN_ISA::stopping {

template <class Progress>
TBRNN_FN bool running(const Progress& at) {
  return at.status == decltype(at.status)::running;
}

template <class Progress, class Course>
TBRNN_FN bool done(const Progress& at, const Course& course) {
  return at.epochs == course.epochs;
}

// Are the losses looked at now?
template <class Progress, class Course>
TBRNN_FN bool due(const Progress& at, const Course& course) {
  return at.epochs == 0 || (at.epochs - 1) % course.evaluate_every == 0 || done(at, course);
}

// In full batch the next step's forward pass is the look at the loss.
template <class Pass, class Progress, class Course>
TBRNN_FN Pass after_validation(const Progress& at, const Course& course, bool whole) {
  return whole && !done(at, course) ? Pass::train : Pass::evaluate;
}

// At the losses of the present weights.
template <class Pass, class Progress, class Course>
TBRNN_FN Pass first_look(const Progress& at, const Course& course, bool whole, bool validates) {
  return validates ? Pass::validate : after_validation<Pass>(at, course, whole);
}

// write(entry) if the history has one now: epoch, loss, validation, gradient norm, rate; epoch -1 is before training. The
// validation loss is of these weights alone.
template <class Progress, class Course, class Write>
TBRNN_FN void record(Progress& at, const Course& course, double loss, Write write) {
  const long epoch = at.epochs - 1;  // whose update made these weights
  if (course.record_every && (epoch < 0 || !running(at) || epoch % course.record_every == 0)) {
    const double entry[] = {static_cast<double>(epoch), loss, at.validation, at.gradient_norm,
                            at.lr};
    write(entry);
  }
  at.validation = __builtin_nan("");
}

// From one multiple of the window to the next the best loss has improved by less than it should.
template <class Progress, class Course>
TBRNN_FN bool stalls(Progress& at, const Course& course, long epoch) {
  if (course.stall_window == 0 || epoch / course.stall_window == at.checked_window) return false;
  const bool stalled = at.checked_loss - at.best_training_loss < course.stall_improvement;
  at.checked_loss = at.best_training_loss;
  at.checked_window = epoch / course.stall_window;
  return stalled;
}

template <class Progress, class Course>
TBRNN_FN bool loses_patience(Progress& at, const Course& course, long epoch, double loss) {
  if (course.patience_epochs == 0) return false;
  if (loss < at.patience_loss - course.patience_improvement) {
    at.patience_loss = loss;
    at.patience_epoch = epoch;
  }
  return epoch - at.patience_epoch >= course.patience_epochs;
}

// The published stopping rules; true if the present weights are the best.
template <class Progress, class Course>
TBRNN_FN bool judge(Progress& at, const Course& course, double loss) {
  using Status = decltype(at.status);
  const long epoch = at.epochs - 1;
  at.last_loss = loss;
  if (epoch < 0) return false;
  const double check = at.validation == at.validation ? at.validation : loss;
  const bool best = check < at.best_loss;
  if (best) {
    at.best_loss = check;
    at.best_epoch = epoch;
  }
  if (loss < at.best_training_loss) at.best_training_loss = loss;
  if (loss < course.target_loss)
    at.status = Status::converged;
  else if (stalls(at, course, epoch) || loses_patience(at, course, epoch, check))
    at.status = Status::stalled;
  else if (done(at, course))
    at.status = Status::capped;
  return best;
}

// The guard undoes a loss above max(guard_loss, 2 first loss), as long as there are steps to go back to. One that is not
// finite is undone, or is the end.
template <class Progress, class Course>
TBRNN_FN void set_limit(Progress& at, const Course& course, double first_loss) {
  if (at.limit == __builtin_inf())
    at.limit = course.guard_loss < 2 * first_loss ? 2 * first_loss : course.guard_loss;
}

template <class Progress>
TBRNN_FN bool must_undo(const Progress& at, double loss, double norm, bool can_go_back) {
  if (!std::isfinite(loss)) return true;
  return can_go_back && (loss > at.limit || !std::isfinite(norm));
}

// The factor of the guard on the rate, after a good step and after a roll-back.
template <class Progress, class Course>
TBRNN_FN void takes_a_step(Progress& at, const Course& course) {
  at.factor = at.factor * course.guard_growth < 1.0 ? at.factor * course.guard_growth : 1.0;
}

template <class Progress, class Course>
TBRNN_FN void goes_back(Progress& at, const Course& course) {
  at.factor *= course.guard_factor;
  ++at.rollbacks;
}

}  // namespace tbrnn::inline TBRNN_ISA::stopping
