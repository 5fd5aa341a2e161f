// Data sets on the device. Each is there once, however many members read it, and members that share one follow one another.
#pragma once

#include <algorithm>
#include <map>
#include <numeric>
#include <vector>

#include "core/dataset.hpp"
#include "core/spec.hpp"
#include "dev.cuh"
#include "views.cuh"

namespace tbrnn::cuda {

template <class T>
dev::Memory<T> on_device(const T* host, std::size_t size) {
  dev::Memory<T> memory(size);
  dev::to_device(host, size, memory.data());
  return memory;
}

// The arrays of a Spec that no training changes: the masks of its parameters, the leaks of its units, and a fixed matrix, of which all
// members read one copy. They are there as long as this.
template <class T>
class Constants {
 public:
  explicit Constants(const Spec& spec) {
    if (!spec.masks.empty()) {
      std::vector<T> mask(block_size(spec), T(1));
      const auto list = fields(spec);
      for (const auto& [name, values] : spec.masks)
        std::transform(values->begin(), values->end(), mask.begin() + begin_of(list, name),
                       [](double entry) { return static_cast<T>(entry); });
      mask_ = on_device(mask.data(), mask.size());
    }
    const std::vector<double> of_units = unit_leaks(spec);
    const std::vector<T> leaks(of_units.begin(), of_units.end());
    leaks_ = on_device(leaks.data(), leaks.size());
    if (spec.bulk) matrix_ = matrix_of(spec);
  }

  const T* mask() const { return mask_.data(); }
  const T* leaks() const { return leaks_.data(); }
  const T* matrix() const { return matrix_.data(); }

 private:
  static std::ptrdiff_t begin_of(const std::vector<Field>& list, const std::string& name) {
    return static_cast<std::ptrdiff_t>(find(list, name)->offset);
  }
  // Its rows as the product stage has them, [2][unit][columns].
  static dev::Memory<T> matrix_of(const Spec& spec) {
    const std::size_t units = static_cast<std::size_t>(spec.units),
                      columns = (units + lane_units - 1) / lane_units * lane_units;
    const T factor = static_cast<T>(spec.folded_alpha());
    std::vector<T> rows(2 * units * columns);
    for (std::size_t i = 0; i < units; ++i)
      for (std::size_t j = 0; j < units; ++j)
        rows[j * columns + i] = rows[(units + i) * columns + j] =
            factor * static_cast<T>((*spec.bulk)[i * units + j]);
    return on_device(rows.data(), rows.size());
  }
  dev::Memory<T> mask_, leaks_, matrix_;
};

// [tile][time][row][32] -> [tile][time][32][row, filled up to whole quads]
template <class T>
std::vector<T> by_trial(const T* from, std::size_t steps_of_tiles, int rows, T filling = T(0)) {
  const std::size_t count = static_cast<std::size_t>(rows),
                    width = static_cast<std::size_t>(whole_quads(rows));
  std::vector<T> to(steps_of_tiles * tile_trials * width, filling);
  for (std::size_t step = 0; step < steps_of_tiles; ++step)
    for (std::size_t row = 0; row < count; ++row)
      for (std::size_t lane = 0; lane < tile_trials; ++lane)
        to[(step * tile_trials + lane) * width + row] =
            from[(step * count + row) * tile_trials + lane];
  return to;
}

template <class T>
int weight_row(const Dataset<T>& data) {
  return whole_quads(std::max(1, data.mask_channels()));
}

// The weight of each trial, or that times the mask; where a step has one for all its outputs, a quad of that.
template <class T>
std::vector<T> weights_of(const Dataset<T>& data) {
  const int masks = data.mask_channels();
  const std::size_t steps = static_cast<std::size_t>(data.steps()), of_tile = steps * tile_trials,
                    tiles = static_cast<std::size_t>(data.tiles()),
                    row = static_cast<std::size_t>(weight_row(data));
  std::vector<T> weights(tiles * of_tile * row, T(1));
  if (masks > 1) weights = by_trial(data.mask(0), tiles * steps, masks);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const std::size_t at = i / row;  // trial of a step of a tile
    if (masks == 1) weights[i] = data.mask(0)[at];
    weights[i] *= data.weight(static_cast<int>(at / of_tile))[at % tile_trials];
  }
  return weights;
}

template <class T>
class DeviceData {
 public:
  explicit DeviceData(const std::vector<const Dataset<T>*>& of_members)  // [member]; may be null
      : order_(of_members.size()) {
    std::map<const Dataset<T>*, int> known{{nullptr, -1}};
    std::vector<Trials<T>> views;
    std::vector<int> index;
    for (const Dataset<T>* data : of_members) {
      const auto [entry, is_new] = known.emplace(data, static_cast<int>(views.size()));
      if (is_new) views.push_back(upload(*data));
      index.push_back(entry->second);
    }
    std::iota(order_.begin(), order_.end(), 0);
    std::stable_sort(order_.begin(), order_.end(), [&](int a, int b) {
      return index[static_cast<std::size_t>(a)] < index[static_cast<std::size_t>(b)];
    });
    trials_ = on_device(views.data(), views.size());
    of_member_ = on_device(index.data(), index.size());
  }

  const Trials<T>* trials() const { return trials_.data(); }
  const int* of_member() const { return of_member_.data(); }
  const std::vector<int>& order() const { return order_; }
  int steps() const { return steps_; }  // of the longest
  int most_trials() const { return most_trials_; }

 private:
  Trials<T> upload(const Dataset<T>& data) {
    const auto keep = [&](const std::vector<T>& numbers) {
      arrays_.push_back(on_device(numbers.data(), numbers.size()));
      return arrays_.back().data();
    };
    const std::size_t tiles = static_cast<std::size_t>(data.tiles()),
                      steps = tiles * static_cast<std::size_t>(data.steps());
    const T* initial = data.initial(0);
    mask_sums_.push_back(on_device(data.mask_sums(), static_cast<std::size_t>(data.trials())));
    steps_ = std::max(steps_, data.steps());
    most_trials_ = std::max(most_trials_, data.trials());
    return {.trials = data.trials(),
            .steps = data.steps(),
            .weight_row = weight_row(data),
            .mask_sum = data.mask_sum(),
            .mask_sums = mask_sums_.back().data(),
            .inputs = keep(by_trial(data.input(0), steps, data.inputs(), T(1))),
            .targets = keep(by_trial(data.target(0), steps, data.channels())),
            .weights = keep(weights_of(data)),
            .initial = initial ? keep(by_trial(initial, tiles, data.units())) : nullptr};
  }

  std::vector<int> order_;
  int steps_ = 0, most_trials_ = 0;
  std::vector<dev::Memory<T>> arrays_;
  std::vector<dev::Memory<double>> mask_sums_;
  dev::Memory<Trials<T>> trials_;
  dev::Memory<int> of_member_;
};

}  // namespace tbrnn::cuda
