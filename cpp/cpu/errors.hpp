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
  TBRNN_PACK P add(int channel, P sum) const {
    const int at = channel * tile_trials;
    return squared_error(P::load(o + at), P::load(y + at), weight_of<P>(channel, 0), sum);
  }
  template <class P>
  TBRNN_PACK P adjoint(int channel, P twice) const {
    const int at = channel * tile_trials;
    return squared_error_adjoint(P::load(o + at), P::load(y + at), weight_of<P>(channel, 0), twice);
  }
};

// Lane sums of the squared errors; even and odd channels apart, which halves the chain of dependent sums.
template <class T>
struct SquaredErrors {
  using P = Pack<T, tile_trials / Pack<T>::lanes>;
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

// Both stages of step t at once, which reads outputs and targets only once: the sums, and dL/do [channel][32].
template <class T>
void error_adjoint(const Time<T>& time, int t, SquaredErrors<T>& sums, T* d_o) {
  using P = typename SquaredErrors<T>::P;
  const P twice(time.net.twice);
  sums.add(time, t, [=](const Errors<T>& errors, int channel) TBRNN_INLINED {
    errors.adjoint(channel, twice).store(d_o + channel * tile_trials);
  });
}

// The first stage alone, in the order of the backward pass, so that the sum has the same bits.
template <class T>
double loss(const Network<T>& net, const TileData<T>& data, const Workspace<T>& work) {
  const Time<T> time{net, data, work};
  SquaredErrors<T> sums;
  for (int t = net.steps - 1; t >= 0; --t) sums.add(time, t, [](const Errors<T>&, int) {});
  return sums.total();
}

}  // namespace tbrnn::inline TBRNN_ISA
