// The training of one member: full batch, Adam, one forward and one backward pass per epoch. The loss after the update of epoch e is
// the forward pass of epoch e + 1, so it costs nothing of its own.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "cpu/member.hpp"

namespace tbrnn {

enum class Status { running, converged, stalled, capped, diverged, interrupted };

// How a member is trained.
struct Course {
  std::uint64_t key = 0;  // of the noise
  double sigma = 0.0;
  double lr_first = 1e-3, lr_last = 1e-3;
  long lr_epochs = 1;  // linear from first to last, then constant
  long epochs = 1;
  double target_loss = 0.0;  // converged below it
  long stall_window = 0;     // stalled when the best loss improves by less than stall_improvement
  double stall_improvement = 0.0;  // from one multiple of the window to the next; window 0 = never
  int record_every = 0;            // epochs between two entries of the history; 0 = none
};

// How far it is.
struct Progress {
  Status status = Status::running;
  long updates = 0;      // Adam steps taken
  long best_epoch = -1;  // -1: no loss after an update yet
  double best_loss = std::numeric_limits<double>::infinity();
  double last_loss = std::numeric_limits<double>::quiet_NaN();
  double checked_loss =
      std::numeric_limits<double>::infinity();  // the best loss at the last stall check
  std::vector<double> history;  // epoch, loss, epoch, loss, ...; epoch -1 is before training
};

struct ThreadMemory {
  WorkMemory<float> single;
  WorkMemory<double> real;
};

class Learner {
 public:
  virtual ~Learner() = default;
  virtual int tiles() const = 0;
  virtual const void* data() const = 0;
  // One epoch: each of `team` threads runs its tiles, then one of them finishes the epoch.
  virtual void run_tiles(int thread, int team, ThreadMemory&) = 0;
  virtual void finish_epoch() = 0;
  virtual void interrupt() = 0;

  bool running() const { return progress_.status == Status::running; }
  const Progress& progress() const { return progress_; }

 protected:
  Progress progress_;
};

template <class T>
class MemberLearner final : public Learner {
 public:
  MemberLearner(std::shared_ptr<const Plan<T>>, std::shared_ptr<const Dataset<T>>, const Course&,
                const T* parameters);
  int tiles() const override { return data_->tiles(); }
  const void* data() const override { return data_.get(); }
  void run_tiles(int thread, int team, ThreadMemory&) override;
  void finish_epoch() override;
  void interrupt() override;
  const std::vector<T>& best() const { return best_; }
  const std::vector<T>& last() const { return parameters_; }

 private:
  double epoch_loss() const;
  void judge(double loss);  // the published stopping rules, keep-best, quarantine
  void record(long epoch, double loss);
  void update();

  std::shared_ptr<const Plan<T>> plan_;
  std::shared_ptr<const Dataset<T>> data_;
  Course course_;
  std::vector<T> parameters_, before_, best_, gradient_, m_, v_;  // before_: one update ago
  PackedMember<T> packed_;
  std::vector<double> tile_loss_;
  std::vector<T> tile_gradient_;  // [tile][packed]
};

}  // namespace tbrnn
