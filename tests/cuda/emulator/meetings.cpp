// Where the threads of a launch meet: barriers of a block, a cluster or some blocks, and what blocks of a cluster send.
#include <cstring>

#include "residents.hpp"

namespace tbrnn::emulator {

Residents::Range Residents::range(const Thread& thread, Doing barrier) const {
  const std::size_t block = static_cast<std::size_t>(launch_.threads);
  const std::size_t size =
      barrier == Doing::block_barrier ? block : block * static_cast<std::size_t>(launch_.cluster);
  const std::size_t begin = static_cast<std::size_t>(thread.number) / size * size;
  return {begin, begin + size};
}

Residents::Range Residents::warp(const Thread& thread) const {
  const std::size_t begin = static_cast<std::size_t>(thread.number - thread.lane());
  const int left = launch_.threads - (thread.place.thread - thread.lane());
  return {begin, begin + static_cast<std::size_t>(std::min(warp_lanes, left))};
}

Residents::Meeting& Residents::meeting_at(Doing barrier, Range all) {
  std::vector<Meeting>& found = meetings_[all.begin / static_cast<std::size_t>(launch_.threads)];
  for (Meeting& meeting : found)
    if (meeting.barrier == barrier && meeting.all.end == all.end) return meeting;
  return found.emplace_back(barrier, all);
}

void Residents::check_blocks(int blocks, Where where) {
  if (!launch_.cooperative && launch_.blocks > 1)
    fail("a barrier of blocks at " + text(where) + " needs a cooperative launch");
  if (blocks < 1 || launch_.blocks % blocks)
    fail("a barrier at " + text(where) + " of " + std::to_string(blocks) + " blocks among " +
         std::to_string(launch_.blocks));
}

void Residents::wait_for_count(const unsigned* count, unsigned goal, Where where) {
  Thread& mine = *current_;
  mine.doing = Doing::count;
  mine.where = where;
  mine.count = count;
  mine.goal = goal;
  while (*count < goal) wait();
  mine.doing = Doing::run;
}

void Residents::let_others_go_first(Where where) {
  if (schedule.order == Order::forward) return;
  current_->doing = Doing::last;
  current_->where = where;
  wait();
}

bool Residents::let_the_last_go() {
  bool any = false;
  for (Thread& thread : threads_)
    if (thread.doing == Doing::last) {
      thread.doing = Doing::run;
      any = true;
    }
  return any;
}

void Residents::arrive(Doing barrier, Where where) {
  current_->doing = barrier;
  current_->where = where;
  const Range all = range(*current_, barrier);
  for (std::size_t i = all.begin; any_ended_ && i < all.end; ++i)
    if (threads_[i].doing == Doing::ended) fail("a barrier that not every thread reaches");
  Meeting& meeting = meeting_at(barrier, all);
  if (meeting.arrivals && !same(meeting.where, where)) fail("threads meet at different barriers");
  meeting.where = where;
  if (++meeting.arrivals < all.end - all.begin) return wait();
  meeting.arrivals = 0;
  for (std::size_t i = all.begin; i < all.end; ++i) threads_[i].doing = Doing::run;
}

// A thread that waits goes on as soon as all have arrived, whatever these do before they wait; so each lets others go first.
void Residents::cluster_arrive(Where where) {
  Halves& halves = halves_of(*current_);
  if (current_->arrived) fail("a second arrival at " + text(where) + " before the wait");
  current_->arrived = true;
  current_->turn = halves.turns;
  if (++halves.arrivals < launch_.threads * launch_.cluster) return wait();
  halves = {.turns = halves.turns + 1};
  const Range all = range(*current_, Doing::cluster_wait);
  for (std::size_t i = all.begin; i < all.end; ++i)
    if (threads_[i].doing == Doing::cluster_wait) threads_[i].doing = Doing::run;
  wait();
}

void Residents::cluster_wait(Where where) {
  if (!current_->arrived) fail("a wait for the cluster at " + text(where) + " without an arrival");
  current_->arrived = false;
  if (current_->turn < halves_of(*current_).turns) return;
  ++halves_of(*current_).waiting;
  current_->doing = Doing::cluster_wait;
  current_->where = where;
  wait();
}

void Residents::expect(Arrivals* arrivals, int bytes, Where where) {
  if (!arrivals->unknown) fail("expected a second time in a turn, at " + text(where));
  arrivals->unknown = 0;
  arrivals->add(bytes);
}

void Residents::wait_for(const Arrivals* arrivals, int turn, Where where) {
  if (arrivals->over(turn)) return;
  Thread& mine = *current_;
  mine.doing = Doing::arrivals;
  mine.where = where;
  mine.arrivals = arrivals;
  mine.arrivals_turn = turn;
  wait();
  mine.doing = Doing::run;
}

void Residents::send(const void* value, std::size_t bytes, void* mine, Arrivals* count, int rank,
                     Where where) {
  const int own = current_->number / launch_.threads;
  Sent sent{.bytes = bytes,
            .to = map_shared(mine, rank, where),
            .count = static_cast<Arrivals*>(map_shared(count, rank, where)),
            .block = own - current_->place.cluster_rank + rank,
            .where = where};
  std::memcpy(sent.value, value, bytes);
  if (schedule.order == Order::forward)
    arrives(sent);
  else
    sent_.push_back(sent);
}

bool Residents::arrives(const Sent& sent) {
  if (has_ended(sent.block)) fail("sent at " + text(sent.where) + " to a block that has ended");
  if (!sent.count->counts()) fail("sent at " + text(sent.where) + " to where nobody counts");
  std::memcpy(sent.to, sent.value, sent.bytes);
  return sent.count->add(-static_cast<int>(sent.bytes));
}

// No more than ends a turn, the last sent first or in random order.
bool Residents::let_arrive(std::mt19937& random) {
  while (!sent_.empty()) {
    if (schedule.order == Order::random) std::swap(sent_[random() % sent_.size()], sent_.back());
    const Sent next = sent_.back();
    sent_.pop_back();
    if (arrives(next)) return true;
  }
  return false;
}

}  // namespace tbrnn::emulator
