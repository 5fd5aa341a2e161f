#include "cpu/instruction_set.hpp"

#include <atomic>
#include <chrono>
#include <stdexcept>

#include "cpu/threads.hpp"

namespace tbrnn {

namespace {

std::vector<const InstructionSet*> supported() {
  std::vector<const InstructionSet*> list;
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool fma = __builtin_cpu_supports("fma");
  if (fma && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"))
    list.push_back(&avx512_kernels());
  if (fma && __builtin_cpu_supports("avx2")) list.push_back(&avx2_kernels());
#endif
  list.push_back(&baseline_kernels());
  return list;
}

std::atomic<const InstructionSet*>& chosen() {
  static std::atomic<const InstructionSet*> set = supported().front();
  return set;
}

}  // namespace

std::vector<std::string> available_instruction_sets() {
  std::vector<std::string> names;
  for (const InstructionSet* set : supported()) names.emplace_back(set->name);
  return names;
}

const InstructionSet& instruction_set() { return *chosen(); }

void use_instruction_set(const std::string& name) {
  for (const InstructionSet* set : supported())
    if (set->name == name) {
      chosen() = set;
      return;
    }
  throw std::runtime_error("this processor or this build has no instruction set " + name);
}

double fma_peak(int threads, double seconds) {
  using Clock = std::chrono::steady_clock;
  const InstructionSet& isa = instruction_set();
  std::vector<double> operations(static_cast<std::size_t>(threads)), elapsed(operations.size());
  on_threads(threads, [&](int thread) {
    const auto start = Clock::now();
    const std::size_t i = static_cast<std::size_t>(thread);
    do {
      operations[i] += isa.fma_operations(100'000);
      elapsed[i] = std::chrono::duration<double>(Clock::now() - start).count();
    } while (elapsed[i] < seconds);
  });
  double rate = 0;
  for (std::size_t i = 0; i < operations.size(); ++i) rate += operations[i] / elapsed[i];
  return rate * 1e-9;
}

}  // namespace tbrnn
