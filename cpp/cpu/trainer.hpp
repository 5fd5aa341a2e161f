// Threads take members from a queue, one member's epochs after the other, so that its weights and the data it shares with the next
// stay in their cache. When fewer members than threads are left, a member's tiles are shared. Either way the bits are the same.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "cpu/learner.hpp"
#include "cpu/threads.hpp"

namespace tbrnn {

class Trainer {
 public:
  explicit Trainer(int threads);

  void add(std::unique_ptr<Learner>);
  // True while members are unfinished. With `rest_every`, a member waits after every so many epochs until it has been noted. A pass
  // that is stopped, or whose memory is not to be had, has not been.
  bool run(double seconds, long rest_every = 0, const Stop& = never_stopped);
  void interrupt();

  int members() const { return static_cast<int>(learners_.size()); }
  int finished() const;
  long epochs_done() const;
  const Learner& learner(int member) const { return *learners_[static_cast<std::size_t>(member)]; }
  Learner& learner(int member) { return *learners_[static_cast<std::size_t>(member)]; }

 private:
  using Clock = std::chrono::steady_clock;
  std::vector<Learner*> ready() const;  // grouped by data set
  bool goes_on(const Learner&) const;
  void share_members(const std::vector<Learner*>&, Clock::time_point until, const Stop&);
  void share_tiles(const std::vector<Learner*>&, Clock::time_point until, const Stop&);

  int threads_;
  long rest_every_ = 0;
  std::vector<std::unique_ptr<Learner>> learners_;
  std::vector<ThreadMemory> memory_;
};

}  // namespace tbrnn
