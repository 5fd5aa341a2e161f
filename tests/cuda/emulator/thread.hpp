// A thread of a launch, and what it waits for.
#pragma once

#include <string>
#include <vector>

#include "emulator.hpp"
#include "fiber.hpp"

namespace tbrnn::emulator {

enum class Doing {
  run,
  shuffle,
  block_barrier,
  cluster_barrier,
  cluster_wait,
  count,
  last,
  arrivals,
  ended
};

struct Copy {
  const void* from;
  void* to;
  std::size_t bytes;
  int group;
};

struct Thread {
  Place place{};
  int number = 0;  // in the launch
  Doing doing = Doing::run;
  Where where;
  std::uint32_t mask = 0;  // of a shuffle
  int source_lane = 0;
  const unsigned* count = nullptr;  // of blocks, that must reach the goal
  unsigned goal = 0;
  bool arrived = false;  // at the cluster's barrier of two halves,
  long turn = 0;         // which has been complete so often then
  std::uint64_t value = 0;
  std::vector<Copy> copies;            // that it may still wait for,
  int groups = 0;                      // after so many are closed
  const Arrivals* arrivals = nullptr;  // that it waits for
  int arrivals_turn = 0;
  Fiber* fiber = nullptr;

  bool ready() const {
    return doing == Doing::run || (doing == Doing::count && *count >= goal) ||
           (doing == Doing::arrivals && arrivals->over(arrivals_turn));
  }
  int lane() const { return place.thread % warp_lanes; }
};

std::string text(Where);
std::string text(const Thread&);
bool same(const Where&, const Where&);

}  // namespace tbrnn::emulator
