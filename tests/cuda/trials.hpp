// Networks and trials for the tests of kernels.
#pragma once

#include <cmath>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "core/dataset.hpp"
#include "core/spec.hpp"

namespace tbrnn {

class Numbers {
 public:
  explicit Numbers(unsigned seed) : random_(seed) {}
  std::vector<double> uniform(std::size_t size, double low, double high) {
    std::vector<double> list(size);
    for (double& number : list)
      number = low + (high - low) * static_cast<double>(random_() >> 8) / 0x1p24;
    return list;
  }

 private:
  std::mt19937 random_;
};

template <class T>
std::vector<T> as(const std::vector<double>& numbers) {
  std::vector<T> list;
  for (const double number : numbers) list.push_back(static_cast<T>(number));
  return list;
}

inline Constant some_of(int entries) {  // a mask of a parameter, without symmetry
  std::vector<double> mask = Numbers(4).uniform(static_cast<std::size_t>(entries), 0.0, 1.0);
  for (double& entry : mask) entry = entry < 0.7;
  return std::make_shared<const std::vector<double>>(std::move(mask));
}

struct Experiment {  // the numbers are those of float32, so that either precision sees the same
  int trials, steps, inputs, channels, mask_channels = 0, units = 0;
  std::vector<double> input, target, mask, initial;

  Experiment(const Spec& spec, Match match, int trials_, int steps_, int masks, bool with_initial,
             unsigned seed = 1)
      : trials(trials_),
        steps(steps_),
        inputs(spec.inputs),
        channels(match == Match::outputs ? spec.outputs : spec.units),
        mask_channels(masks < 2 ? masks : channels),
        units(with_initial ? spec.units : 0) {
    Numbers numbers(seed);
    const auto many = [&](int rows, double low, double high) {
      return numbers.uniform(static_cast<std::size_t>(trials) * static_cast<std::size_t>(rows), low,
                             high);
    };
    input = many(steps * inputs, -1, 1);
    target = many(steps * channels, -1, 1);
    mask = many(steps * mask_channels, 0, 1);
    for (std::size_t i = 0; i < mask.size(); ++i)
      if (i % 5 == 2) mask[i] = 0;
    if (!mask.empty()) mask[0] = 1;
    initial = many(units, -1, 1);
  }

  template <class T>
  Dataset<T> dataset() const {
    const auto u = as<T>(input), y = as<T>(target), m = as<T>(mask), x = as<T>(initial);
    return Dataset<T>({.trials = trials,
                       .steps = steps,
                       .inputs = inputs,
                       .channels = channels,
                       .mask_channels = mask_channels,
                       .units = units,
                       .input = u.data(),
                       .target = y.data(),
                       .mask = m.data(),
                       .initial = x.data()});
  }
};

// |a - b|, relative to |b| unless that is zero
inline double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    norm += b[i] * b[i];
  }
  return std::sqrt(difference / (norm > 0 ? norm : 1));
}

}  // namespace tbrnn
