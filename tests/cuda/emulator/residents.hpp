// Some blocks that run at the same time: whose turn it is, and who waits for whom.
#pragma once

#include <random>

#include "thread.hpp"

namespace tbrnn::emulator {

class Residents {
 public:
  Residents(const Launch& launch, int first_block, int blocks, const std::function<void()>& kernel);
  void run(std::mt19937& random);
  void check_blocks(int blocks, Where);
  void wait_for_count(const unsigned* count, unsigned goal, Where);
  void let_others_go_first(Where);
  void arrive(Doing barrier, Where);
  void cluster_arrive(Where);
  void cluster_wait(Where);
  void expect(Arrivals*, int bytes, Where);
  void wait_for(const Arrivals*, int turn, Where);
  void send(const void* value, std::size_t bytes, void* mine, Arrivals* count, int rank, Where);
  // Returns whether this was the last lane to come.
  bool shuffle(std::uint32_t mask, std::uint64_t value, int source_lane, Where);
  void together(void* mine, void (*act)(void* const (&lanes)[warp_lanes]), Where);
  void* map_shared(void* mine, int rank, Where);
  const Thread& current() const { return *current_; }
  Thread& current() { return *current_; }
  [[noreturn]] void fail(const std::string& message);

 private:
  struct Range {
    std::size_t begin, end;
  };
  Range range(const Thread&, Doing barrier) const;  // whom a barrier waits for
  Range warp(const Thread&) const;
  struct Meeting {  // of some threads at a barrier
    Doing barrier;
    Range all;
    std::size_t arrivals = 0;  // while it is not complete
    Where where{};
  };
  Meeting& meeting_at(Doing barrier, Range all);
  int warps_per_block() const { return (launch_.threads + warp_lanes - 1) / warp_lanes; }
  std::uint32_t& waiting_of(const Thread& thread) {
    const int block = thread.number / launch_.threads;
    return waiting_[static_cast<std::size_t>(block * warps_per_block() +
                                             thread.place.thread / warp_lanes)];
  }
  struct Halves {  // of a barrier of a cluster
    int arrivals = 0, waiting = 0;
    long turns = 0;  // that are complete
  };
  Halves& halves_of(const Thread& thread) {
    return halves_[static_cast<std::size_t>(thread.number / launch_.threads / launch_.cluster)];
  }
  struct Sent {  // that has not arrived
    std::byte value[16] = {};
    std::size_t bytes;
    void* to;
    Arrivals* count;
    int block;  // among the residents
    Where where;
  };
  bool arrives(const Sent&);  // whether that ends a turn
  bool let_arrive(std::mt19937& random);
  bool let_the_last_go();
  void check_shuffle(const Thread&);
  bool is_complete(const Thread& in_a_shuffle);
  void exchange(const Thread& in_a_shuffle);
  bool has_ended(int block) const;
  bool run_once(const std::size_t* threads, std::size_t count);
  void end_current();
  void wait();
  std::string describe() const;
  static void body(void* self);

  const Launch& launch_;
  const std::function<void()>& kernel_;
  std::vector<std::unique_ptr<std::byte[]>> shared_;  // [block], exactly as much as asked for
  std::vector<Thread> threads_;
  std::vector<std::uint32_t> waiting_;          // [warp]: lanes in a shuffle
  std::vector<Halves> halves_;                  // [cluster]
  std::vector<std::vector<Meeting>> meetings_;  // [first block]
  std::vector<Sent> sent_;
  bool any_ended_ = false;
  Thread* current_ = nullptr;
  std::string fault_;
};

inline Residents* residents = nullptr;  // those that run

}  // namespace tbrnn::emulator
