// A fiber: a function with a stack of its own that runs until it suspends itself, and goes on from there when resumed.
#pragma once

#include <cstddef>
#include <memory>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace tbrnn::emulator {

class Fiber {
 public:
  static constexpr std::size_t stack_bytes = 256 * 1024;  // address space; touched as needed

  Fiber();
  Fiber(const Fiber&) = delete;
  void start(void (*entry)(void*), void* argument);  // runs at the next resume
  void resume();                                     // called outside, returns at the next suspend
  void fetch() const;                                // what the next resume reads
  void suspend();                                    // called inside
  void finish();  // called inside, as the last thing: never returns
  bool overflowed() const;

 private:
#if defined(__x86_64__)
  using Context = void*;  // the stack pointer; the registers lie on the stack
#else
  using Context = ucontext_t;
#endif
  static void trampoline();
  void enter();
  void leave(bool for_good);

  std::unique_ptr<std::byte[]> stack_;
  void (*entry_)(void*) = nullptr;
  void* argument_ = nullptr;
  Context inside_{}, outside_{};
  void* fake_stack_ = nullptr;            // AddressSanitizer's
  const void* outside_bottom_ = nullptr;  // the stack that resumed us
  std::size_t outside_bytes_ = 0;
};

}  // namespace tbrnn::emulator
