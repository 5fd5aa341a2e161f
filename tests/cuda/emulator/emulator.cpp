#include "emulator.hpp"

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <string_view>

#include "fiber.hpp"

namespace tbrnn::emulator {

namespace {

constexpr int warp_lanes = 32;

enum class Doing {
  run,
  shuffle,
  block_barrier,
  cluster_barrier,
  cluster_wait,
  barrier_of_blocks,
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
  int blocks = 0;        // of a barrier of blocks
  bool arrived = false;  // at the cluster's barrier of two halves,
  long turn = 0;         // which has been complete so often then
  std::uint64_t value = 0;
  std::vector<Copy> copies;  // that it may still wait for,
  int groups = 0;            // after so many are closed
  Fiber* fiber = nullptr;

  bool ready() const { return doing == Doing::run; }
  int lane() const { return place.thread % warp_lanes; }
};

std::string text(Where where) {
  std::string_view file = where.file_name();
  file.remove_prefix(std::min(file.rfind('/') + 1, file.size()));
  return std::string(file) + ":" + std::to_string(where.line());
}

bool same(const Where& a, const Where& b) {
  return a.line() == b.line() && a.column() == b.column() &&
         (a.file_name() == b.file_name() || std::string_view(a.file_name()) == b.file_name());
}

std::string text(const Thread& thread) {
  switch (thread.doing) {
    case Doing::run: return "runs";
    case Doing::shuffle: return "waits in the shuffle at " + text(thread.where);
    case Doing::block_barrier: return "waits at the block barrier at " + text(thread.where);
    case Doing::cluster_barrier: return "waits at the cluster barrier at " + text(thread.where);
    case Doing::cluster_wait: return "waits for the cluster at " + text(thread.where);
    case Doing::barrier_of_blocks: return "waits at the barrier of blocks at " + text(thread.where);
    case Doing::ended: break;
  }
  return "has ended";
}

// Stacks outlive a launch: there are many, and none is cheap.
std::vector<std::unique_ptr<Fiber>>& fibers() {
  static std::vector<std::unique_ptr<Fiber>> pool;
  return pool;
}

// Some blocks that run at the same time.
class Residents {
 public:
  Residents(const Launch& launch, int first_block, int blocks, const std::function<void()>& kernel);
  void run(std::mt19937& random);
  void meet(int blocks) { current_->blocks = blocks; }
  void arrive(Doing barrier, Where);
  void cluster_arrive(Where);
  void cluster_wait(Where);
  void shuffle(std::uint32_t mask, std::uint64_t value, int source_lane, Where);
  void* map_shared(void* mine, int rank, Where);
  const Thread& current() const { return *current_; }
  Thread& current() { return *current_; }

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
  bool run_once(const std::size_t* threads, std::size_t count);
  void end_current();
  void wait();
  [[noreturn]] void fail(const std::string& message);
  std::string describe() const;
  static void body(void* self);

  const Launch& launch_;
  const std::function<void()>& kernel_;
  std::vector<std::unique_ptr<std::byte[]>> shared_;  // [block], exactly as much as asked for
  std::vector<Thread> threads_;
  std::vector<std::uint32_t> waiting_;          // [warp]: lanes in a shuffle
  std::vector<Halves> halves_;                  // [cluster]
  std::vector<std::vector<Meeting>> meetings_;  // [first block]
  bool any_ended_ = false;
  Thread* current_ = nullptr;
  std::string fault_;
};

Residents* residents = nullptr;

Residents::Residents(const Launch& launch, int first_block, int blocks,
                     const std::function<void()>& kernel)
    : launch_(launch), kernel_(kernel) {
  for (int block = 0; block < blocks; ++block) {
    shared_.emplace_back(new std::byte[launch.shared_bytes]);
    poison(shared_.back().get(), launch.shared_bytes);
    for (int thread = 0; thread < launch.threads; ++thread) {
      Thread& added = threads_.emplace_back();
      added.place = {.thread = thread,
                     .threads = launch.threads,
                     .block = first_block + block,
                     .blocks = launch.blocks,
                     .cluster_rank = block % launch.cluster,
                     .cluster_size = launch.cluster,
                     .shared = shared_.back().get(),
                     .shared_bytes = launch.shared_bytes};
      added.number = static_cast<int>(threads_.size()) - 1;
    }
  }
  waiting_.assign(static_cast<std::size_t>(blocks * warps_per_block()), 0);
  meetings_.resize(static_cast<std::size_t>(blocks));
  halves_.resize(static_cast<std::size_t>(blocks / launch.cluster));
  while (fibers().size() < threads_.size()) fibers().push_back(std::make_unique<Fiber>());
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    threads_[i].fiber = fibers()[i].get();
    threads_[i].fiber->start(&Residents::body, this);
  }
}

void Residents::body(void* self) {
  Residents& all = *static_cast<Residents*>(self);
  try {
    all.kernel_();
    all.end_current();
  } catch (const std::exception& error) {
    all.fault_ = error.what();
  }
}

// Those of the threads that can. Returns whether any could.
bool Residents::run_once(const std::size_t* threads, std::size_t count) {
  bool any = false;
  for (std::size_t i = 0; i < count; ++i) {
    if (!threads_[threads[i]].ready()) continue;
    any = true;
    current_ = &threads_[threads[i]];
    current_->fiber->resume();
    if (current_->doing == Doing::ended && current_->fiber->overflowed())
      fault_ = "a thread's stack is full";
    if (!fault_.empty()) throw Fault(fault_);
  }
  return any;
}

void Residents::run(std::mt19937& random) {
  residents = this;
  std::vector<std::size_t> order(threads_.size());
  std::iota(order.begin(), order.end(), 0);
  if (schedule.order == Order::reverse) std::reverse(order.begin(), order.end());
  const bool by_block = schedule.order != Order::random;  // as far as a block can go, then the next
  const std::size_t group = by_block ? static_cast<std::size_t>(launch_.threads) : order.size();
  for (bool progress = true; progress;) {
    progress = false;
    if (schedule.order == Order::random) std::shuffle(order.begin(), order.end(), random);
    for (std::size_t first = 0; first < order.size(); first += group) {
      bool any;
      do {
        any = run_once(order.data() + first, group);
        progress |= any;
      } while (any && by_block);
    }
  }
  for (const Thread& thread : threads_)
    if (thread.doing != Doing::ended) throw Fault("no thread can go on: " + describe());
}

// "block 0, threads 0-30: waits at the block barrier at kernel.cuh:12; block 0, thread 31: has ended"
std::string Residents::describe() const {
  std::string list;
  for (std::size_t i = 0; i < threads_.size();) {
    std::size_t end = i + 1;
    const auto alike = [&](const Thread& other) {
      return other.place.block == threads_[i].place.block && text(other) == text(threads_[i]);
    };
    while (end < threads_.size() && alike(threads_[end])) ++end;
    const std::string first = std::to_string(threads_[i].place.thread);
    const std::string last = std::to_string(threads_[end - 1].place.thread);
    list += (list.empty() ? "block " : "; block ") + std::to_string(threads_[i].place.block) +
            (end == i + 1 ? ", thread " + first : ", threads " + first + "-" + last) + ": " +
            text(threads_[i]);
    i = end;
  }
  return list;
}

void Residents::fail(const std::string& message) { throw Fault(message + ": " + describe()); }

void Residents::wait() { current_->fiber->suspend(); }

Residents::Range Residents::range(const Thread& thread, Doing barrier) const {
  const std::size_t block = static_cast<std::size_t>(launch_.threads);
  const std::size_t size = barrier == Doing::block_barrier ? block
                           : barrier == Doing::cluster_barrier || barrier == Doing::cluster_wait
                               ? block * static_cast<std::size_t>(launch_.cluster)
                               : block * static_cast<std::size_t>(thread.blocks);
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

void Residents::arrive(Doing barrier, Where where) {
  if (barrier == Doing::barrier_of_blocks) {
    if (!launch_.cooperative && launch_.blocks > 1)
      fail("a barrier of blocks at " + text(where) + " needs a cooperative launch");
    if (current_->blocks < 1 || launch_.blocks % current_->blocks)
      fail("a barrier at " + text(where) + " of " + std::to_string(current_->blocks) +
           " blocks among " + std::to_string(launch_.blocks));
  }
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

void Residents::shuffle(std::uint32_t mask, std::uint64_t value, int source_lane, Where where) {
  Thread& mine = *current_;
  mine.doing = Doing::shuffle;
  mine.where = where;
  mine.mask = mask;
  mine.source_lane = source_lane;
  mine.value = value;
  const Range lanes = warp(mine);
  const auto names = [](std::uint32_t among, int lane) { return (among >> lane & 1u) != 0; };
  if (!names(mask, mine.lane())) fail("a shuffle whose mask leaves out its own lane");
  if (source_lane < 0 || source_lane >= warp_lanes || !names(mask, source_lane))
    fail("a shuffle that reads lane " + std::to_string(source_lane) + ", outside its mask");
  if (launch_.threads - (mine.place.thread - mine.lane()) < warp_lanes &&
      mask >> (launch_.threads % warp_lanes))
    fail("a shuffle with lanes that the block does not have");
  std::uint32_t& waiting = waiting_of(mine);
  waiting |= 1u << mine.lane();
  const std::uint32_t missing = mask & ~waiting;
  if (missing && !any_ended_) return wait();
  bool complete = true;
  for (int lane = 0; lane < warp_lanes; ++lane) {
    if (!names(mask, lane)) continue;
    const Thread& other = threads_[lanes.begin + static_cast<std::size_t>(lane)];
    if (other.doing == Doing::ended) fail("a shuffle that not every lane of its mask reaches");
    const bool here =
        other.doing == Doing::shuffle && other.mask == mask && same(other.where, where);
    if (other.doing == Doing::shuffle && !here && names(other.mask, mine.lane()))
      fail("lanes wait for each other in different shuffles");
    complete = complete && here;
  }
  if (!complete) return wait();
  waiting &= ~mask;
  std::uint64_t values[warp_lanes];
  for (std::size_t i = lanes.begin; i < lanes.end; ++i) values[i - lanes.begin] = threads_[i].value;
  for (std::size_t i = lanes.begin; i < lanes.end; ++i) {
    if (!names(mask, threads_[i].lane())) continue;
    threads_[i].value = values[threads_[i].source_lane];
    threads_[i].doing = Doing::run;
  }
}

// Nobody may wait for a thread that has ended.
void Residents::end_current() {
  current_->doing = Doing::ended;
  any_ended_ = true;
  const Range lanes = warp(*current_);
  for (std::size_t i = lanes.begin; waiting_of(*current_) && i < lanes.end; ++i)
    if (threads_[i].doing == Doing::shuffle && threads_[i].mask >> current_->lane() & 1u)
      fail("a shuffle that not every lane of its mask reaches");
  const std::size_t number = static_cast<std::size_t>(current_->number);
  bool awaited = halves_of(*current_).waiting > 0;
  for (const auto& found : meetings_)
    for (const Meeting& meeting : found)
      awaited |= meeting.arrivals && meeting.all.begin <= number && number < meeting.all.end;
  if (awaited) fail("a barrier that not every thread reaches");
}

void* Residents::map_shared(void* mine, int rank, Where where) {
  const Place& place = current_->place;
  const auto offset = static_cast<std::byte*>(mine) - place.shared;
  if (offset < 0 || offset > static_cast<std::ptrdiff_t>(launch_.shared_bytes))
    fail("map_shared at " + text(where) + " of an address outside the shared memory");
  if (rank < 0 || rank >= launch_.cluster)
    fail("map_shared at " + text(where) + " to block " + std::to_string(rank) +
         " of a cluster of " + std::to_string(launch_.cluster));
  const int block = current_->number / launch_.threads;
  return shared_[static_cast<std::size_t>(block - place.cluster_rank + rank)].get() + offset;
}

}  // namespace

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
void barrier_of_blocks(int blocks, Where where) {
  residents->meet(blocks);
  residents->arrive(Doing::barrier_of_blocks, where);
}

std::uint64_t shuffle(std::uint32_t mask, std::uint64_t value, int source_lane, Where where) {
  residents->shuffle(mask, value, source_lane, where);
  return residents->current().value;
}

void* map_shared(void* mine, int rank, Where where) {
  return residents->map_shared(mine, rank, where);
}

void copy_ahead(const void* from, void* to, std::size_t bytes) {
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
