#include "cpu/threads.hpp"

#include <algorithm>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace tbrnn {

#if defined(__x86_64__)

FlushDenormals::FlushDenormals() : before_(_mm_getcsr()) {
  _mm_setcsr(static_cast<unsigned>(before_) | 0x8040u);
}
FlushDenormals::~FlushDenormals() { _mm_setcsr(static_cast<unsigned>(before_)); }

#elif defined(__aarch64__)

FlushDenormals::FlushDenormals() {
  asm volatile("mrs %0, fpcr" : "=r"(before_));
  asm volatile("msr fpcr, %0" ::"r"(before_ | (1ul << 24)));
}
FlushDenormals::~FlushDenormals() { asm volatile("msr fpcr, %0" ::"r"(before_)); }

#else

FlushDenormals::FlushDenormals() : before_(0) {}
FlushDenormals::~FlushDenormals() = default;

#endif

namespace {

void relax() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

void SpinBarrier::arrive_and_wait() {
  constexpr int spins = 4000;
  const unsigned mine = round_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == team_) {
    arrived_.store(0, std::memory_order_relaxed);
    round_.store(mine + 1, std::memory_order_release);
    return;
  }
  for (int i = 0; round_.load(std::memory_order_acquire) == mine; ++i)
    i < spins ? relax() : std::this_thread::yield();
}

void on_threads(int threads, const std::function<void(int)>& work) {
  std::exception_ptr failure;
  std::mutex mutex;
  const auto guarded = [&](int thread) {
    const FlushDenormals flush;
    try {
      work(thread);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  // Nobody begins before all are there: who waits for another's work would wait for ever.
  enum { not_yet, all_there, too_many };
  std::atomic<int> standing = not_yet;
  const auto tell = [&](int now) {
    standing = now;
    standing.notify_all();
  };
  std::vector<std::jthread> others;
  others.reserve(static_cast<std::size_t>(threads - 1));
  try {
    for (int thread = 1; thread < threads; ++thread)
      others.emplace_back([&, thread] {
        standing.wait(not_yet);
        if (standing == all_there) guarded(thread);
      });
  } catch (const std::system_error&) {
    tell(too_many);
    throw std::invalid_argument("threads must be no more than the system starts, " +
                                std::to_string(others.size() + 1) + " just now, got " +
                                std::to_string(threads));
  } catch (...) {
    tell(too_many);
    throw;
  }
  tell(all_there);
  guarded(0);
  others.clear();  // waits
  if (failure) std::rethrow_exception(failure);
}

void for_each(int threads, int items, const std::function<void(int, int)>& work, const Stop& stop) {
  std::atomic<int> next = 0;
  on_threads(std::max(1, std::min(threads, items)), [&](int thread) {
    for (int item = next++; item < items && !stop; item = next++) work(thread, item);
  });
}

}  // namespace tbrnn
