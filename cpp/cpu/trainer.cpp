#include "cpu/trainer.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <map>

namespace tbrnn {

namespace {

constexpr std::chrono::milliseconds slice{50};

// The threads that share the tiles of one member; the first of them finishes the passes. Who fails still meets the others, who
// would wait for it for ever.
struct Team {
  Team(Learner& shared, int threads)
      : learner(shared), size(threads), tiles_done(threads), pass_done(threads) {
    learner.share();
  }
  Learner& learner;
  int size;
  SpinBarrier tiles_done, pass_done;
  std::atomic<bool> goes_on = true, failed = false;
};

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

bool Trainer::run(double seconds, long rest_every, const Stop& stop) {
  rest_every_ = rest_every;
  constexpr double day = 86'400.0;  // longer would overflow the clock
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                      std::chrono::duration<double>(std::min(seconds, day)));
  for (auto now = Clock::now(); now < end && !stop; now = Clock::now()) {
    const std::vector<Learner*> list = ready();
    if (list.empty()) break;
    const auto until = std::min(end, now + slice);
    if (static_cast<int>(list.size()) >= threads_)
      share_members(list, until, stop);
    else
      share_tiles(list, until, stop);
  }
  return finished() < members();
}

void Trainer::share_members(const std::vector<Learner*>& list, Clock::time_point until,
                            const Stop& stop) {
  std::atomic<std::size_t> next = 0;
  on_threads(threads_, [&](int thread) {
    ThreadMemory& memory = memory_[static_cast<std::size_t>(thread)];
    while (Clock::now() < until) {
      const std::size_t item = next++;
      if (item >= list.size()) return;
      Learner& learner = *list[item];
      while (goes_on(learner) && Clock::now() < until) {
        learner.run_tiles(0, 1, memory, stop);
        if (stop) return;
        learner.finish_pass();
      }
    }
  });
}

// Thread i belongs to the team of member i mod members.
void Trainer::share_tiles(const std::vector<Learner*>& list, Clock::time_point until,
                          const Stop& stop) {
  const int members = static_cast<int>(list.size());
  std::vector<std::unique_ptr<Team>> teams;
  int workers = 1;
  for (int i = 0; i < members; ++i) {
    Learner& learner = *list[static_cast<std::size_t>(i)];
    const int size = std::min((threads_ - i + members - 1) / members, learner.tiles());
    teams.push_back(std::make_unique<Team>(learner, size));
    workers = std::max(workers, (size - 1) * members + i + 1);
  }
  on_threads(workers, [&](int thread) {
    Team& team = *teams[static_cast<std::size_t>(thread % members)];
    const int place = thread / members;
    if (place >= team.size) return;
    ThreadMemory& memory = memory_[static_cast<std::size_t>(thread)];
    std::exception_ptr failure;
    while (team.goes_on) {
      try {
        team.learner.run_tiles(place, team.size, memory, stop);
      } catch (...) {
        failure = std::current_exception();
        team.failed = true;
      }
      team.tiles_done.arrive_and_wait();
      if (place == 0) {
        team.goes_on = false;
        try {
          if (!team.failed && !stop) {
            team.learner.finish_pass();
            team.goes_on = goes_on(team.learner) && Clock::now() < until;
          }
        } catch (...) {
          failure = std::current_exception();
        }
      }
      team.pass_done.arrive_and_wait();
    }
    if (failure) std::rethrow_exception(failure);
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
