// Threads take members from a queue, one member's epochs after the other, so that its weights and the data it shares with the next
// stay in their cache. When fewer members than threads are left, a member's tiles are shared. Either way the bits are the same.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "cpu/learner.hpp"

namespace tbrnn {

class Trainer {
 public:
  explicit Trainer(int threads);

  void add(std::unique_ptr<Learner>);
  bool run(double seconds);  // true while members are unfinished
  void interrupt();

  int members() const { return static_cast<int>(learners_.size()); }
  int finished() const;
  long epochs_done() const;
  const Learner& learner(int member) const { return *learners_[static_cast<std::size_t>(member)]; }

 private:
  using Clock = std::chrono::steady_clock;
  std::vector<Learner*> unfinished() const;  // grouped by data set
  void share_members(const std::vector<Learner*>&, Clock::time_point until);
  void share_tiles(const std::vector<Learner*>&, Clock::time_point until);

  int threads_;
  std::vector<std::unique_ptr<Learner>> learners_;
  std::vector<ThreadMemory> memory_;
};

}  // namespace tbrnn
