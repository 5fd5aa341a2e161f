// Where the lanes of a warp meet.
#include "residents.hpp"

namespace tbrnn::emulator {

namespace {

bool names(std::uint32_t mask, int lane) { return (mask >> lane & 1u) != 0; }

}  // namespace

// So many threads wait here that it matters how little each has on its stack.
bool Residents::shuffle(std::uint32_t mask, std::uint64_t value, int source_lane, Where where) {
  Thread& mine = *current_;
  mine.doing = Doing::shuffle;
  mine.where = where;
  mine.mask = mask;
  mine.source_lane = source_lane;
  mine.value = value;
  check_shuffle(mine);
  std::uint32_t& waiting = waiting_of(mine);
  waiting |= 1u << mine.lane();
  const bool all_wait = !(mask & ~waiting);
  if (!(all_wait || any_ended_) || !is_complete(mine)) {
    wait();
    return false;
  }
  waiting &= ~mask;
  exchange(mine);
  return true;
}

void Residents::check_shuffle(const Thread& mine) {
  if (!names(mine.mask, mine.lane())) fail("a shuffle whose mask leaves out its own lane");
  const int source = mine.source_lane;
  if (source < 0 || source >= warp_lanes || !names(mine.mask, source))
    fail("a shuffle that reads lane " + std::to_string(source) + ", outside its mask");
  if (launch_.threads - (mine.place.thread - mine.lane()) < warp_lanes &&
      mine.mask >> (launch_.threads % warp_lanes))
    fail("a shuffle with lanes that the block does not have");
}

bool Residents::is_complete(const Thread& mine) {
  bool complete = true;
  for (std::size_t i = warp(mine).begin; i < warp(mine).end; ++i) {
    const Thread& other = threads_[i];
    if (!names(mine.mask, other.lane())) continue;
    if (other.doing == Doing::ended) fail("a shuffle that not every lane of its mask reaches");
    const bool waits = other.doing == Doing::shuffle;
    const bool here = waits && other.mask == mine.mask && same(other.where, mine.where);
    if (waits && !here && names(other.mask, mine.lane()))
      fail("lanes wait for each other in different shuffles");
    complete = complete && here;
  }
  return complete;
}

void Residents::exchange(const Thread& mine) {
  const Range lanes = warp(mine);
  std::uint64_t values[warp_lanes];
  for (std::size_t i = lanes.begin; i < lanes.end; ++i) values[i - lanes.begin] = threads_[i].value;
  for (std::size_t i = lanes.begin; i < lanes.end; ++i) {
    if (!names(mine.mask, threads_[i].lane())) continue;
    threads_[i].value = values[threads_[i].source_lane];
    threads_[i].doing = Doing::run;
  }
}

void Residents::together(void* mine, void (*act)(void* const (&lanes)[warp_lanes]), Where where) {
  const int lane = current_->lane();
  if (!shuffle(~0u, reinterpret_cast<std::uintptr_t>(mine), lane, where)) return;
  void* all[warp_lanes];
  const std::size_t first = static_cast<std::size_t>(current_->number - lane);
  for (std::size_t i = 0; i < warp_lanes; ++i)
    all[i] = reinterpret_cast<void*>(threads_[first + i].value);
  act(all);
}

}  // namespace tbrnn::emulator
