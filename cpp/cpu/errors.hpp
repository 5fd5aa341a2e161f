// The loss of one tile, in its two stages.
#pragma once

#include "cpu/time.hpp"
#include "equations/loss.hpp"

namespace tbrnn::inline TBRNN_ISA {

// The errors of one step: o - y of the outputs, weighted by the mask and by whether the trial exists.
template <class T>
struct Errors {
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

  template <class P>
  TBRNN_PACK P weight_of(int channel, int lane) const {
    const P exists = P::load(weight + lane);
    return mask ? exists * P::load(mask + channel * mask_step + lane) : exists;
  }
  template <class P>
  TBRNN_PACK P add(int channel, int lane, P sum) const {
    const int at = channel * tile_trials + lane;
    return squared_error(P::load(o + at), P::load(y + at), weight_of<P>(channel, lane), sum);
  }
  template <class P>
  TBRNN_PACK P adjoint(int channel, int lane, P twice) const {
    const int at = channel * tile_trials + lane;
    return squared_error_adjoint(P::load(o + at), P::load(y + at), weight_of<P>(channel, lane),
                                 twice);
  }
};

// Lane sums of the squared errors; even and odd channels apart, which halves the chain of dependent sums.
template <class T>
struct SquaredErrors {
  using P = Pack<T, tile_trials / Pack<T>::lanes>;
  P even{T(0)}, odd{T(0)};

  void add(const Errors<T>& errors, int channels) {
    P a = even, b = odd;
    int channel = 0;
    for (; channel + 2 <= channels; channel += 2) {
      a = errors.add(channel, 0, a);
      b = errors.add(channel + 1, 0, b);
    }
    if (channel < channels) a = errors.add(channel, 0, a);
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

template <class T>
void error_adjoint(const Time<T>& time, int t, T* d_o) {
  using P = Pack<T, tile_trials / Pack<T>::lanes>;
  const Errors<T> errors(time, t);
  for (int channel = 0; channel < time.target_channels(); ++channel)
    errors.adjoint(channel, 0, P(time.net.twice)).store(d_o + channel * tile_trials);
}

}  // namespace tbrnn::inline TBRNN_ISA
