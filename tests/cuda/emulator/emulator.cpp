#include "emulator.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>

#include "residents.hpp"

namespace tbrnn::emulator {

void run(const Launch& launch, const std::function<void()>& kernel) {
  last_launch = launch;
  if (launch.blocks % launch.cluster) throw Fault("blocks must be a multiple of the cluster");
  const int at_once = launch.cooperative ? launch.blocks : launch.cluster;
  std::vector<int> groups(static_cast<std::size_t>(launch.blocks / at_once));
  std::iota(groups.begin(), groups.end(), 0);
  std::mt19937 random(schedule.seed);
  if (schedule.order == Order::reverse) std::reverse(groups.begin(), groups.end());
  if (schedule.order == Order::random) std::shuffle(groups.begin(), groups.end(), random);
  for (const int group : groups) Residents(launch, group * at_once, at_once, kernel).run(random);
}

const Place& place() { return residents->current().place; }

void block_barrier(Where where) { residents->arrive(Doing::block_barrier, where); }
void cluster_barrier(Where where) { residents->arrive(Doing::cluster_barrier, where); }
void cluster_arrive(Where where) { residents->cluster_arrive(where); }
void cluster_wait(Where where) { residents->cluster_wait(where); }
void expect(Arrivals* arrivals, int bytes, Where where) {
  residents->expect(arrivals, bytes, where);
}
void wait_for(const Arrivals* arrivals, int turn, Where where) {
  residents->wait_for(arrivals, turn, where);
}
void send(const void* value, std::size_t bytes, void* mine, Arrivals* count, int rank,
          Where where) {
  align(mine, bytes, where);
  residents->send(value, bytes, mine, count, rank, where);
}
void check_blocks(int blocks, Where where) { residents->check_blocks(blocks, where); }
void wait_for_count(const unsigned* count, unsigned goal, Where where) {
  residents->wait_for_count(count, goal, where);
}
void let_others_go_first(Where where) { residents->let_others_go_first(where); }

std::uint64_t shuffle(std::uint32_t mask, std::uint64_t value, int source_lane, Where where) {
  residents->shuffle(mask, value, source_lane, where);
  return residents->current().value;
}

void together(void* mine, void (*act)(void* const (&lanes)[warp_lanes]), Where where) {
  residents->together(mine, act, where);
}

void* map_shared(void* mine, int rank, Where where) {
  return residents->map_shared(mine, rank, where);
}

void align(const void* at, std::size_t bytes, Where where) {
  if (reinterpret_cast<std::uintptr_t>(at) % std::min<std::size_t>(bytes, 16))
    residents->fail("an address at " + text(where) + " that is no multiple of the vector's bytes");
}

void copy_ahead(const void* from, void* to, std::size_t bytes, Where where) {
  align(from, bytes, where);
  align(to, bytes, where);
  if (schedule.order == Order::forward)
    std::memcpy(to, from, bytes);
  else
    residents->current().copies.push_back({from, to, bytes, residents->current().groups});
}
void close_copies() { ++residents->current().groups; }
void copies_arrive_but(int groups) {
  Thread& mine = residents->current();
  std::erase_if(mine.copies, [&](const Copy& copy) {
    const bool arrives = copy.group < mine.groups - groups;
    if (arrives) std::memcpy(copy.to, copy.from, copy.bytes);
    return arrives;
  });
}

void poison(void* memory, std::size_t bytes) {  // every float and double of these bits is NaN
  if (bytes) std::memset(memory, 0xff, bytes);
}

}  // namespace tbrnn::emulator
