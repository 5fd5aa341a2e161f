// The outputs of one step beside their targets, and the sums of squared errors over one tile.
#pragma once

#include "cpu/time.hpp"
#include "equations/loss.hpp"

namespace tbrnn::inline TBRNN_ISA {

template <class T>
using WholeTile = Pack<T, tile_trials / Pack<T>::lanes>;

// The errors of one step: o - y of the outputs, weighted by the mask and by whether the trial exists.
template <class T>
struct Errors {
  using P = WholeTile<T>;
  const T* o;
  const T* y;
  const T* weight;
  const T* mask;  // or null
  int mask_step;  // 0 when the channels share one mask

  Errors(const Time<T>& time, int t)
      : o(time.net.readouts ? time.outputs(t) : time.units_out(t)),
        y(time.targets(t)),
        weight(time.data.weight),
        mask(time.data.mask ? time.data.mask + time.at(t, time.data.mask_channels) : nullptr),
        mask_step(time.data.mask_channels > 1 ? tile_trials : 0) {}

  TBRNN_PACK P output(int channel) const { return P::load(o + channel * tile_trials); }
  TBRNN_PACK P target(int channel) const { return P::load(y + channel * tile_trials); }
  TBRNN_PACK P weight_of(int channel) const {
    const P exists = P::load(weight);
    return mask ? exists * P::load(mask + channel * mask_step) : exists;
  }
  TBRNN_PACK P add(int channel, P sum) const {
    return squared_error(output(channel), target(channel), weight_of(channel), sum);
  }
  TBRNN_PACK P adjoint(int channel, P twice) const {
    return squared_error_adjoint(output(channel), target(channel), weight_of(channel), twice);
  }
};

// Lane sums of the loss. Of the squared errors, even and odd channels apart, which halves the chain of dependent sums.
template <class T>
struct LossSums {
  using P = WholeTile<T>;
  P even{T(0)}, odd{T(0)};

  // Those of step t; `each` is told of every channel.
  template <class Each>
  void add(const Time<T>& time, int t, Each each) {
    const Errors<T> errors(time, t);
    const int channels = time.target_channels();
    P a = even, b = odd;
    int channel = 0;
    for (; channel + 2 <= channels; channel += 2) {
      a = errors.add(channel, a);
      b = errors.add(channel + 1, b);
      each(errors, channel);
      each(errors, channel + 1);
    }
    if (channel < channels) {
      a = errors.add(channel, a);
      each(errors, channel);
    }
    even = a;
    odd = b;
  }

  double total() const {
    T lanes[tile_trials];
    (even + odd).store(lanes);
    double value = 0;
    for (T one : lanes) value += static_cast<double>(one);
    return value;
  }
};

}  // namespace tbrnn::inline TBRNN_ISA
