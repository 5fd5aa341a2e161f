#include "residents.hpp"

#include <algorithm>
#include <numeric>

namespace tbrnn::emulator {

namespace {

// Stacks outlive a launch: there are many, and none is cheap.
std::vector<std::unique_ptr<Fiber>>& fibers() {
  static std::vector<std::unique_ptr<Fiber>> pool;
  return pool;
}

}  // namespace

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
    if (i + 1 < count) threads_[threads[i + 1]].fiber->fetch();
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
    if (!progress) progress = let_arrive(random) || let_the_last_go();
  }
  for (const Thread& thread : threads_)
    if (thread.doing != Doing::ended) throw Fault("no thread can go on: " + describe());
}

bool Residents::has_ended(int block) const {
  const auto first = threads_.begin() + block * launch_.threads;
  return any_ended_ && std::all_of(first, first + launch_.threads, [](const Thread& thread) {
           return thread.doing == Doing::ended;
         });
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
  if (launch_.cluster == 1)
    fail("map_shared at " + text(where) + " of a cluster of one block, which has no other");
  if (rank < 0 || rank >= launch_.cluster)
    fail("map_shared at " + text(where) + " to block " + std::to_string(rank) +
         " of a cluster of " + std::to_string(launch_.cluster));
  const int block = current_->number / launch_.threads - place.cluster_rank + rank;
  if (has_ended(block)) fail("map_shared at " + text(where) + " to a block that has ended");
  return shared_[static_cast<std::size_t>(block)].get() + offset;
}

}  // namespace tbrnn::emulator
