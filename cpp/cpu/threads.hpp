// Worker threads: denormals flushed while they compute and restored afterwards.
#pragma once

#include <atomic>
#include <functional>

namespace tbrnn {

class FlushDenormals {
 public:
  FlushDenormals();
  ~FlushDenormals();
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  unsigned long before_;
};

// For threads that meet many thousand times a second, too often to be put to sleep: who waits spins, and after a while gives way.
class SpinBarrier {
 public:
  explicit SpinBarrier(int team) : team_(team) {}
  void arrive_and_wait();

 private:
  int team_;
  std::atomic<int> arrived_{0};
  std::atomic<unsigned> round_{0};
};

// Set by another thread to have work end before it is done, between two tiles.
using Stop = std::atomic<bool>;
inline const Stop never_stopped{false};

// Runs work(thread) on `threads` threads, the caller being thread 0, and waits. The first exception is thrown again; so many threads
// that the system has none left are an invalid_argument, and no work begins.
void on_threads(int threads, const std::function<void(int thread)>& work);

// Calls work(thread, item) for every item in [0, items), or for some if it is stopped; threads take items in turn.
void for_each(int threads, int items, const std::function<void(int thread, int item)>& work,
              const Stop& = never_stopped);

}  // namespace tbrnn
