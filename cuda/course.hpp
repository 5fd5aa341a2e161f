// How a member is trained, how far it is, and when it ends: plain values that host and device share, by the rules of
// equations/stopping.hpp.
#pragma once

#include "core/plugin.hpp"
#include "equations/stopping.hpp"

namespace tbrnn::cuda {

using plugin::Course;
using plugin::Pass;
using plugin::record_width;
using plugin::Status;

inline constexpr int most_fields = 16;  // arrays of a parameter block

// The member's place in its training.
struct Progress : plugin::Progress {
  TBRNN_FN bool running() const { return stopping::running(*this); }
  TBRNN_FN bool due(const Course& course) const { return stopping::due(*this, course); }
  TBRNN_FN Pass after_validation(const Course& course, bool whole) const {
    return stopping::after_validation<Pass>(*this, course, whole);
  }
  TBRNN_FN Pass first_look(const Course& course, bool whole, bool validates) const {
    return stopping::first_look<Pass>(*this, course, whole, validates);
  }

  TBRNN_FN void took_a_step(const Course& course, double rate, double norm) {
    gradient_norm = norm;
    lr = rate;
    stopping::takes_a_step(*this, course);
    if (course.guard_back == 0) return;
    kept_next = (kept_next + 1) % course.guard_back;
    kept = kept < course.guard_back ? kept + 1 : kept;
  }
  TBRNN_FN void goes_back(const Course& course) {
    stopping::goes_back(*this, course);
    kept = 0;
  }
  TBRNN_FN void set_limit(const Course& course, double first_loss) {
    stopping::set_limit(*this, course, first_loss);
  }
  TBRNN_FN bool must_undo(double loss, double norm) const {
    return stopping::must_undo(*this, loss, norm, kept > 0);
  }

  TBRNN_FN void record(const Course& course, double loss, double* history) {
    stopping::record(*this, course, loss, [&](const double(&entry)[record_width]) {
      for (int i = 0; i < record_width; ++i) history[records * record_width + i] = entry[i];
      ++records;
    });
  }
  TBRNN_FN void judge(const Course& course, double loss, double* history) {
    stopping::judge(*this, course, loss);
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
};

}  // namespace tbrnn::cuda
