// One data set, packed once: tiles of 32 trials on lanes, rows [time][channel][32]. Members share it.
#pragma once

#include <vector>

#include "core/buffer.hpp"

namespace tbrnn {

template <class T>
struct
    TrialArrays {  // C-ordered views: inputs (trial, time, input), targets (trial, time, channel), initial (trial, unit)
  int trials, steps, inputs;
  int channels = 0;  // of the targets; 0 without targets
  int mask_channels =
      0;  // 0 without a mask, 1 for one value per trial and time, or as many as the targets have
  int units = 0;  // of the initial states; 0 for states that start at zero
  const T* input;
  const T* target = nullptr;
  const T* mask = nullptr;
  const T* initial = nullptr;
};

template <class T>
struct PackedTrials {  // the rows of a Dataset that lies elsewhere
  int trials, steps, inputs, channels, mask_channels, units;
  bool silent;
  double mask_sum;
  const double* mask_sums;  // [trial]
  const T *input, *target, *mask, *weight, *initial;
};

template <class T>
class Dataset {
 public:
  explicit Dataset(const TrialArrays<T>&);
  static Dataset copy_of(const PackedTrials<T>&);

  int trials() const { return trials_; }
  int steps() const { return steps_; }
  int inputs() const { return inputs_; }
  int channels() const { return channels_; }
  int mask_channels() const { return mask_channels_; }
  int units() const { return units_; }
  int tiles() const;
  bool silent() const { return silent_; }        // all inputs are 0
  double mask_sum() const { return mask_sum_; }  // over trials, time and target channels
  const double* mask_sums() const { return mask_sums_.data(); }  // [trial]

  const T* input(int tile) const { return rows(input_, tile, steps_ * inputs_); }
  const T* target(int tile) const {
    return channels_ ? rows(target_, tile, steps_ * channels_) : nullptr;
  }
  const T* mask(int tile) const {
    return mask_channels_ ? rows(mask_, tile, steps_ * mask_channels_) : nullptr;
  }
  const T* initial(int tile) const { return units_ ? rows(initial_, tile, units_) : nullptr; }
  const T* weight(int tile) const { return rows(weight_, tile, 1); }  // 1 for trials that exist

 private:
  Dataset() = default;
  static const T* rows(const Buffer<T>& buffer, int tile, int rows_of_tile);
  int trials_, steps_, inputs_, channels_, mask_channels_, units_;
  bool silent_;
  double mask_sum_;
  std::vector<double> mask_sums_;
  Buffer<T> input_, target_, mask_, initial_, weight_;
};

}  // namespace tbrnn
