// Every order of execution must give the same bits, and no output may depend on memory that nobody wrote.
#pragma once

#include <cmath>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "emulator.hpp"

namespace tbrnn::emulator {

inline constexpr Schedule schedules[] = {
    {Order::forward, 0}, {Order::reverse, 0}, {Order::random, 1}};
inline constexpr const char* order_names[] = {"forward", "reverse", "random"};

// Sanitizers slow an emulated device down so much that they look at less, and at one order alone.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif
using Schedules = std::span<const Schedule>;
inline constexpr Schedules usual = Schedules(schedules).subspan(sanitized ? 2 : 0);

struct Device {  // while it lasts, of so many multiprocessors
  explicit Device(int multiprocessors) { emulator::multiprocessors = multiprocessors; }
  ~Device() { emulator::multiprocessors = 2; }
};

struct Clusters : Device {  // with clusters of blocks
  explicit Clusters(int multiprocessors) : Device(multiprocessors) { most_cluster = 16; }
  ~Clusters() { most_cluster = 0; }
};

// What is wrong with a computation that writes `size` numbers; empty if nothing is. `numbers` receives them.
template <class T, class Compute>
std::string fault_of(std::size_t size, const Compute& compute, std::vector<T>& numbers,
                     Schedules orders = usual) {
  std::vector<T> first;
  for (const Schedule& order : orders) {
    schedule = order;
    const std::string when = std::string(" in ") + order_names[static_cast<int>(order.order)] +
                             " order, seed " + std::to_string(order.seed);
    numbers.resize(size);
    poison(numbers.data(), size * sizeof(T));
    try {
      compute(numbers.data());
    } catch (const Fault& fault) {
      return fault.what() + when;
    }
    for (std::size_t i = 0; i < size; ++i)
      if (std::isnan(numbers[i])) return "number " + std::to_string(i) + " is NaN" + when;
    if (first.empty()) first = numbers;
    for (std::size_t i = 0; i < size; ++i)
      if (std::memcmp(&numbers[i], &first[i], sizeof(T)) != 0)
        return "number " + std::to_string(i) + " is not that of the forward order" + when;
  }
  schedule = {};
  return "";
}

}  // namespace tbrnn::emulator
