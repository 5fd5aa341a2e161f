// How a member is trained, how far it is, and when it ends.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "core/plugin.hpp"
#include "cpu/archive.hpp"
#include "equations/schedule.hpp"
#include "equations/stopping.hpp"

namespace tbrnn {

inline constexpr double never = std::numeric_limits<double>::infinity(),
                        unknown = std::numeric_limits<double>::quiet_NaN();

struct Course {
  std::uint64_t key = 0;  // of noise and shuffles
  double sigma = 0.0, input_sigma = 0.0;
  long lr_ramp = 0;  // a Ramp
  double lr_first = 1e-3, lr_last = 1e-3;
  long lr_epochs = 1;
  long epochs = 1;
  double decay = 0.0;        // of AdamW
  double clip = 0.0;         // of the gradient's norm; 0 = never
  long batch = 0;            // trials per step; 0 = all
  long evaluate_every = 1;   // epochs between two looks at the losses
  double target_loss = 0.0;  // converged below it
  long stall_window = 0;     // stalled when the best loss improves by less than stall_improvement
  double stall_improvement = 0.0;  // from one multiple of the window to the next; window 0 = never
  long patience_epochs = 0;        // stalled when the checked loss has not improved by more than
  double patience_improvement = 0.0;  // patience_improvement for so many epochs; 0 = never
  long guard_back = 0;                // steps undone by a roll-back; 0 = no guard
  double guard_loss = never;          // a larger loss is undone, if it is twice the first
  double guard_factor = 0.5, guard_growth = 1.0;  // of the rate, after a roll-back and a good step
  long guard_most = 0;                            // roll-backs
  long record_every = 0;           // epochs between two entries of the history; 0 = none
  std::vector<bool> trained = {};  // one per parameter array; empty = all

  Schedule schedule() const { return {static_cast<Ramp>(lr_ramp), lr_first, lr_last, lr_epochs}; }
};

plugin::Course view_of(const Course&);  // in the words of a plug-in

using plugin::Status;
inline constexpr const char* status_names[] = {"running", "converged", "stalled",
                                               "capped",  "diverged",  "interrupted"};

struct Progress {
  static constexpr int record_width = plugin::record_width, statistics_width = 5;

  Status status = Status::running;
  long epochs = 0;           // done
  long best_epoch = -1;      // -1: no loss after an update yet
  double best_loss = never;  // of the validation set if there is one
  double best_training_loss = never;
  double last_loss = unknown;
  double validation = unknown;  // of the present weights
  double checked_loss = never;  // the best training loss at the last stall check
  long checked_window = -1;     // how many windows had passed
  double patience_loss = never;
  long patience_epoch = -1;
  double gradient_norm = unknown, lr = unknown;  // of the last step
  double factor = 1.0;                           // of the guard on the rate
  double limit = never;                          // a larger loss is undone
  long rollbacks = 0;
  std::vector<double>
      history;  // epoch, loss, validation, gradient norm, rate; epoch -1 is before training
  std::vector<double> statistics;  // epoch and four numbers that others measure

  // By the rules of equations/stopping.hpp.
  bool running() const { return stopping::running(*this); }
  bool due(const Course& course) const { return stopping::due(*this, course); }
  bool judge(const Course&, double loss);  // true if the present weights are the best
  void record(const Course&, double loss);
  void make_room();  // in the history, so that the next record asks for no memory
  void note(const std::vector<double>& values);
  bool rests(long every) const;  // waits to be noted after every so many epochs; 0 = never
  void state(Archive&);
};

}  // namespace tbrnn
