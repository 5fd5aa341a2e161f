#include "cpu/trainer.hpp"

#include <algorithm>
#include <atomic>
#include <map>

#include "cpu/threads.hpp"

namespace tbrnn {

namespace {

constexpr std::chrono::milliseconds slice{50};

}  // namespace

Trainer::Trainer(int threads) : threads_(threads), memory_(static_cast<std::size_t>(threads)) {}

void Trainer::add(std::unique_ptr<Learner> learner) { learners_.push_back(std::move(learner)); }

bool Trainer::goes_on(const Learner& learner) const {
  return learner.running() && !learner.rests(rest_every_);
}

std::vector<Learner*> Trainer::ready() const {
  std::map<const void*, std::size_t> first_seen;
  std::vector<Learner*> list;
  for (const auto& learner : learners_) {
    first_seen.emplace(learner->data(), first_seen.size());
    if (goes_on(*learner)) list.push_back(learner.get());
  }
  std::stable_sort(list.begin(), list.end(), [&](const Learner* a, const Learner* b) {
    return first_seen[a->data()] < first_seen[b->data()];
  });
  return list;
}

bool Trainer::run(double seconds, long rest_every) {
  rest_every_ = rest_every;
  constexpr double day = 86'400.0;  // longer would overflow the clock
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                      std::chrono::duration<double>(std::min(seconds, day)));
  for (auto now = Clock::now(); now < end; now = Clock::now()) {
    const std::vector<Learner*> list = ready();
    if (list.empty()) break;
    const auto until = std::min(end, now + slice);
    if (static_cast<int>(list.size()) >= threads_)
      share_members(list, until);
    else
      share_tiles(list, until);
  }
  return finished() < members();
}

void Trainer::share_members(const std::vector<Learner*>& list, Clock::time_point until) {
  std::atomic<std::size_t> next = 0;
  on_threads(threads_, [&](int thread) {
    ThreadMemory& memory = memory_[static_cast<std::size_t>(thread)];
    while (Clock::now() < until) {
      const std::size_t item = next++;
      if (item >= list.size()) return;
      Learner& learner = *list[item];
      while (goes_on(learner) && Clock::now() < until) {
        learner.run_tiles(0, 1, memory);
        learner.finish_pass();
      }
    }
  });
}

// Thread i belongs to the team of member i mod members; the team's first thread finishes the passes.
void Trainer::share_tiles(const std::vector<Learner*>& list, Clock::time_point until) {
  const int members = static_cast<int>(list.size());
  std::vector<int> team(list.size());
  int workers = 1;
  for (int i = 0; i < members; ++i) {
    int& size = team[static_cast<std::size_t>(i)];
    size = std::min((threads_ - i + members - 1) / members,
                    list[static_cast<std::size_t>(i)]->tiles());
    workers = std::max(workers, (size - 1) * members + i + 1);
  }
  std::vector<std::unique_ptr<SpinBarrier>> tiles_done, pass_done;
  for (int size : team) {
    tiles_done.push_back(std::make_unique<SpinBarrier>(size));
    pass_done.push_back(std::make_unique<SpinBarrier>(size));
  }
  std::vector<std::atomic<bool>> go_on(list.size());
  for (auto& flag : go_on) flag = true;
  on_threads(workers, [&](int thread) {
    const std::size_t i = static_cast<std::size_t>(thread % members);
    const int mine = thread / members;
    if (mine >= team[i]) return;
    while (go_on[i]) {
      list[i]->run_tiles(mine, team[i], memory_[static_cast<std::size_t>(thread)]);
      tiles_done[i]->arrive_and_wait();
      if (mine == 0) {
        list[i]->finish_pass();
        go_on[i] = goes_on(*list[i]) && Clock::now() < until;
      }
      pass_done[i]->arrive_and_wait();
    }
  });
}

void Trainer::interrupt() {
  for (const auto& learner : learners_) learner->interrupt();
}

int Trainer::finished() const {
  return static_cast<int>(std::count_if(learners_.begin(), learners_.end(),
                                        [](const auto& l) { return !l->running(); }));
}

long Trainer::epochs_done() const {
  long sum = 0;
  for (const auto& learner : learners_) sum += learner->progress().epochs;
  return sum;
}

}  // namespace tbrnn
