#include "fiber.hpp"

#include <algorithm>
#include <cstdint>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#if defined(__x86_64__)
// Saves the registers that a call must preserve on the stack, and the stack pointer in *save; takes up what `load` left.
extern "C" void tbrnn_switch_stack(void** save, void* load);
asm(R"(
.text
.type tbrnn_switch_stack, @function
tbrnn_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size tbrnn_switch_stack, .-tbrnn_switch_stack
)");
#endif

namespace tbrnn::emulator {

namespace {

constexpr std::size_t canary_bytes = 256;
constexpr std::byte canary{0x5a};
Fiber* starting = nullptr;

// AddressSanitizer must know which stack is in use.
void tell_switch(void** fake_stack, const void* bottom, std::size_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(fake_stack, bottom, bytes);
#else
  (void)fake_stack, (void)bottom, (void)bytes;
#endif
}

void tell_arrival(void* fake_stack, const void** bottom, std::size_t* bytes) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake_stack, bottom, bytes);
#else
  (void)fake_stack, (void)bottom, (void)bytes;
#endif
}

#if defined(__x86_64__)
void exchange(void*& save, void*& load) { tbrnn_switch_stack(&save, load); }
#else
void exchange(ucontext_t& save, ucontext_t& load) { swapcontext(&save, &load); }
#endif

}  // namespace

Fiber::Fiber() : stack_(new std::byte[stack_bytes]) {}

void Fiber::start(void (*entry)(void*), void* argument) {
  entry_ = entry;
  argument_ = argument;
  fake_stack_ = nullptr;
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(stack_.get(), stack_bytes);  // of a run that was given up
#endif
  std::fill_n(stack_.get(), canary_bytes, canary);
#if defined(__x86_64__)
  const auto top =
      (reinterpret_cast<std::uintptr_t>(stack_.get()) + stack_bytes) & ~std::uintptr_t{15};
  auto* at = reinterpret_cast<std::uintptr_t*>(top);
  *--at = 0;  // where the trampoline would return to; keeps the stack aligned as after a call
  *--at = reinterpret_cast<std::uintptr_t>(&Fiber::trampoline);
  for (int saved = 0; saved < 6; ++saved) *--at = 0;
  inside_ = at;
#else
  getcontext(&inside_);
  inside_.uc_stack.ss_sp = stack_.get();
  inside_.uc_stack.ss_size = stack_bytes;
  inside_.uc_link = nullptr;
  makecontext(&inside_, &Fiber::trampoline, 0);
#endif
}

void Fiber::trampoline() { starting->enter(); }

void Fiber::enter() {
  tell_arrival(nullptr, &outside_bottom_, &outside_bytes_);
  entry_(argument_);
  finish();
}

void Fiber::resume() {
  starting = this;
  void* fake_stack = nullptr;
  tell_switch(&fake_stack, stack_.get(), stack_bytes);
  exchange(outside_, inside_);
  tell_arrival(fake_stack, nullptr, nullptr);
}

// Stacks are many and far apart, so the caches hold few of them.
void Fiber::fetch() const {
#if defined(__x86_64__)
  const auto* top = static_cast<const std::byte*>(inside_);
  for (int line = 0; line < 8; ++line) __builtin_prefetch(top + 64 * line);
#endif
}

void Fiber::leave(bool for_good) {
  tell_switch(for_good ? nullptr : &fake_stack_, outside_bottom_, outside_bytes_);
  exchange(inside_, outside_);
  tell_arrival(fake_stack_, &outside_bottom_, &outside_bytes_);
}

void Fiber::suspend() { leave(false); }
void Fiber::finish() { leave(true); }

bool Fiber::overflowed() const {
  return !std::all_of(stack_.get(), stack_.get() + canary_bytes,
                      [](std::byte b) { return b == canary; });
}

}  // namespace tbrnn::emulator
