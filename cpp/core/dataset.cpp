#include "core/dataset.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>

#include "core/tiles.hpp"

namespace tbrnn {

namespace {

// (trial, rows) -> [tile][rows][32]; a tile that is not full repeats the last trial
template <class T>
Buffer<T> pack(const T* array, int trials, std::size_t rows) {
  Buffer<T> packed(static_cast<std::size_t>(tiles_of(trials)) * rows * tile_trials);
  for (int tile = 0; tile < tiles_of(trials); ++tile)
    for (int lane = 0; lane < tile_trials; ++lane) {
      const int trial = std::min(tile * tile_trials + lane, trials - 1);
      const T* from = array + static_cast<std::size_t>(trial) * rows;
      T* to = packed.data() + static_cast<std::size_t>(tile) * rows * tile_trials + lane;
      for (std::size_t row = 0; row < rows; ++row) to[row * tile_trials] = from[row];
    }
  return packed;
}

}  // namespace

template <class T>
Dataset<T>::Dataset(const TrialArrays<T>& arrays)
    : trials_(arrays.trials),
      steps_(arrays.steps),
      inputs_(arrays.inputs),
      channels_(arrays.channels),
      mask_channels_(arrays.mask_channels),
      units_(arrays.units) {
  if (trials_ < 1) throw std::invalid_argument("inputs must hold at least one trial, got 0");
  if (steps_ < 1) throw std::invalid_argument("inputs must hold at least one time step, got 0");
  if (inputs_ < 1) throw std::invalid_argument("inputs must hold at least one channel, got 0");
  const std::size_t steps = static_cast<std::size_t>(steps_),
                    channels = static_cast<std::size_t>(channels_),
                    mask_channels = static_cast<std::size_t>(mask_channels_);
  input_ = pack(arrays.input, trials_, steps * static_cast<std::size_t>(inputs_));
  silent_ =
      std::all_of(input_.data(), input_.data() + input_.size(), [](T u) { return u == T(0); });
  weight_ = Buffer<T>(static_cast<std::size_t>(tiles()) * tile_trials);
  for (std::size_t i = 0; i < weight_.size(); ++i)
    weight_[i] = T(static_cast<int>(i) < trials_ ? 1 : 0);
  if (units_) initial_ = pack(arrays.initial, trials_, static_cast<std::size_t>(units_));
  mask_sum_ = static_cast<double>(trials_) * steps_ * channels_;
  if (channels_) target_ = pack(arrays.target, trials_, steps * channels);
  mask_sums_.assign(static_cast<std::size_t>(trials_), static_cast<double>(steps_) * channels_);
  if (!mask_channels_) return;
  mask_ = pack(arrays.mask, trials_, steps * mask_channels);
  const std::size_t entries = static_cast<std::size_t>(trials_) * steps * mask_channels;
  mask_sum_ = 0;
  for (std::size_t i = 0; i < entries; ++i) mask_sum_ += static_cast<double>(arrays.mask[i]);
  if (mask_channels_ == 1) mask_sum_ *= channels_;
  for (std::size_t trial = 0; trial < mask_sums_.size(); ++trial) {
    const T* mine = arrays.mask + trial * steps * mask_channels;
    const double sum = std::accumulate(mine, mine + steps * mask_channels, 0.0);
    mask_sums_[trial] = mask_channels_ == 1 ? sum * channels_ : sum;
  }
  if (!(mask_sum_ > 0))
    throw std::invalid_argument("mask must leave something to compare, got a sum of " +
                                std::to_string(mask_sum_));
  for (std::size_t i = 0; i < target_.size();
       ++i) {  // a masked target is never read, so it may be anything
    const std::size_t row = i / tile_trials;
    const std::size_t mask_row = mask_channels_ == 1 ? row / channels : row;
    if (mask_[mask_row * tile_trials + i % tile_trials] == T(0)) target_[i] = T(0);
  }
}

template <class T>
Dataset<T> Dataset<T>::copy_of(const PackedTrials<T>& rows) {
  Dataset data;
  data.trials_ = rows.trials;
  data.steps_ = rows.steps;
  data.inputs_ = rows.inputs;
  data.channels_ = rows.channels;
  data.mask_channels_ = rows.mask_channels;
  data.units_ = rows.units;
  data.silent_ = rows.silent;
  data.mask_sum_ = rows.mask_sum;
  data.mask_sums_.assign(rows.mask_sums, rows.mask_sums + rows.trials);
  const auto copy = [&](const T* from, int rows_of_tile) {
    Buffer<T> to(static_cast<std::size_t>(data.tiles()) * static_cast<std::size_t>(rows_of_tile) *
                 tile_trials);
    std::copy_n(from, to.size(), to.data());
    return to;
  };
  data.input_ = copy(rows.input, rows.steps * rows.inputs);
  data.weight_ = copy(rows.weight, 1);
  if (rows.channels) data.target_ = copy(rows.target, rows.steps * rows.channels);
  if (rows.mask_channels) data.mask_ = copy(rows.mask, rows.steps * rows.mask_channels);
  if (rows.units) data.initial_ = copy(rows.initial, rows.units);
  return data;
}

template <class T>
int Dataset<T>::tiles() const {
  return tiles_of(trials_);
}

template <class T>
const T* Dataset<T>::rows(const Buffer<T>& buffer, int tile, int rows_of_tile) {
  return buffer.data() +
         static_cast<std::size_t>(tile) * static_cast<std::size_t>(rows_of_tile) * tile_trials;
}

template class Dataset<float>;
template class Dataset<double>;

}  // namespace tbrnn
