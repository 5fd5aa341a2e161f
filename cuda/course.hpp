// How a member is trained, how far it is, and when it ends: plain values that host and device share. The rules are those of
// cpu/progress.cpp, on the loss of the present weights.
#pragma once

#include <cmath>

#include "core/plugin.hpp"
#include "equations/portable.hpp"

namespace tbrnn::cuda {

using plugin::Course;
using plugin::Pass;
using plugin::record_width;
using plugin::Status;

inline constexpr int most_fields = 16;  // arrays of a parameter block

// The member's place in its training.
struct Progress : plugin::Progress {
  TBRNN_FN bool running() const { return status == Status::running; }
  TBRNN_FN bool done(const Course& course) const { return epochs == course.epochs; }
  TBRNN_FN bool due(const Course& course) const {  // are the losses looked at now?
    return epochs == 0 || (epochs - 1) % course.evaluate_every == 0 || done(course);
  }
  // In full batch the next step's forward pass is the look at the loss.
  TBRNN_FN Pass after_validation(const Course& course, bool whole) const {
    return whole && !done(course) ? Pass::train : Pass::evaluate;
  }
  TBRNN_FN Pass first_look(const Course& course, bool whole, bool validates) const {
    return validates ? Pass::validate : after_validation(course, whole);
  }

  TBRNN_FN void took_a_step(const Course& course, double rate, double norm) {
    gradient_norm = norm;
    lr = rate;
    factor = factor * course.guard_growth < 1.0 ? factor * course.guard_growth : 1.0;
    if (course.guard_back == 0) return;
    kept_next = (kept_next + 1) % course.guard_back;
    kept = kept < course.guard_back ? kept + 1 : kept;
  }
  TBRNN_FN void goes_back(const Course& course) {
    factor *= course.guard_factor;
    ++rollbacks;
    kept = 0;
  }
  TBRNN_FN void set_limit(const Course& course, double first_loss) {
    if (limit == never())
      limit = course.guard_loss < 2 * first_loss ? 2 * first_loss : course.guard_loss;
  }
  TBRNN_FN bool must_undo(double loss, double norm) const {
    if (!std::isfinite(loss)) return true;
    return kept > 0 && (loss > limit || !std::isfinite(norm));
  }

  TBRNN_FN void record(const Course& course, double loss, double* history) {
    const long epoch = epochs - 1;
    if (course.record_every && (epoch < 0 || !running() || epoch % course.record_every == 0)) {
      const double entry[record_width] = {static_cast<double>(epoch), loss, validation,
                                          gradient_norm, lr};
      for (int i = 0; i < record_width; ++i) history[records * record_width + i] = entry[i];
      ++records;
    }
    validation = unknown();
  }

  TBRNN_FN void judge(const Course& course, double loss, double* history) {
    const long epoch = epochs - 1;  // whose update made these weights
    last_loss = loss;
    if (epoch >= 0) {
      const double check = validation == validation ? validation : loss;
      if (check < best_loss) {
        best_loss = check;
        best_epoch = epoch;
      }
      if (loss < best_training_loss) best_training_loss = loss;
      if (loss < course.target_loss)
        status = Status::converged;
      else if (stalls(course, epoch) || loses_patience(course, epoch, check))
        status = Status::stalled;
      else if (done(course))
        status = Status::capped;
    }
    record(course, loss, history);
  }
  TBRNN_FN bool is_best() const {  // are the weights that were judged last the best ones?
    return best_epoch >= 0 && best_epoch == epochs - 1;
  }

  TBRNN_FN static double unknown() { return __builtin_nan(""); }
  TBRNN_FN static double never() { return __builtin_inf(); }

  static Progress start() {
    Progress p{};
    p.factor = 1.0;
    p.best_epoch = p.checked_window = p.patience_epoch = -1;
    p.best_loss = p.best_training_loss = p.checked_loss = p.patience_loss = p.limit = never();
    p.last_loss = p.validation = p.gradient_norm = p.lr = unknown();
    return p;
  }

 private:
  TBRNN_FN bool stalls(const Course& course, long epoch) {
    if (course.stall_window == 0 || epoch / course.stall_window == checked_window) return false;
    const bool stalled = checked_loss - best_training_loss < course.stall_improvement;
    checked_loss = best_training_loss;
    checked_window = epoch / course.stall_window;
    return stalled;
  }

  TBRNN_FN bool loses_patience(const Course& course, long epoch, double loss) {
    if (course.patience_epochs == 0) return false;
    if (loss < patience_loss - course.patience_improvement) {
      patience_loss = loss;
      patience_epoch = epoch;
    }
    return epoch - patience_epoch >= course.patience_epochs;
  }
};

}  // namespace tbrnn::cuda
