// Ctrl-C while the engine works: it works on another thread, and the main thread listens.
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <system_error>

#include "bindings/register.hpp"
#include "cpu/threads.hpp"

namespace tbrnn {

// Handlers of signals run there alone.
inline bool on_main_thread() {
  const auto threading = py::module_::import("threading");
  return threading.attr("get_ident")().equal(threading.attr("main_thread")().attr("ident"));
}

// work(stop), without the interpreter's lock. Where the handler of a signal raises, the work is stopped and the exception passed on.
template <class Work>
auto interruptible(const Work& work) {
  constexpr std::chrono::milliseconds between{100};
  const bool listens = on_main_thread();
  Stop stop = false;
  const py::gil_scoped_release release;
  if (!listens) return work(never_stopped);
  std::future<decltype(work(stop))> done;
  try {
    done = std::async(std::launch::async, work, std::cref(stop));
  } catch (const std::system_error&) {  // of a system that has no thread left
    return work(never_stopped);
  }
  while (done.wait_for(between) == std::future_status::timeout) {
    const py::gil_scoped_acquire acquire;
    if (PyErr_CheckSignals() == 0) continue;
    const py::error_already_set raised;
    stop = true;
    const py::gil_scoped_release others_go_on;
    done.wait();
    throw raised;
  }
  return done.get();
}

}  // namespace tbrnn
