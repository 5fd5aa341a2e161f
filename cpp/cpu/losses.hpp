// The loss of one tile, in its two stages: lane sums over the steps, and dL/do of one step.
#pragma once

#include "cpu/errors.hpp"

namespace tbrnn::inline TBRNN_ISA {

// Of step t; `each` is told dL/do of every channel.
template <class T, class Each>
void add_logistic(const Time<T>& time, int t, LossSums<T>& sums, Each each) {
  using P = WholeTile<T>;
  const Errors<T> step(time, t);
  const P share(T(0.5) * time.net.twice);
  for (int channel = 0; channel < time.target_channels(); ++channel) {
    const P o = step.output(channel), y = step.target(channel), w = step.weight_of(channel);
    sums.even = logistic_loss(o, y, w, sums.even);
    each(channel, logistic_loss_adjoint(o, y, w, share));
  }
}

// The mask has one entry for all channels but its sum counts every channel, so the loss is that of so many channels.
template <class T, class Each>
void add_cross_entropy(const Time<T>& time, int t, LossSums<T>& sums, Each each) {
  using P = WholeTile<T>;
  const Errors<T> step(time, t);
  const int channels = time.target_channels();
  const P w = P(static_cast<T>(channels)) * step.weight_of(0), share(T(0.5) * time.net.twice);
  P most = step.output(0), exponentials(T(0)), total(T(0));
  for (int channel = 1; channel < channels; ++channel) most = maximum(most, step.output(channel));
  for (int channel = 0; channel < channels; ++channel) {
    exponentials = exponentials + exp(step.output(channel) - most);
    total = total + step.target(channel);
  }
  const P lse = most + log(exponentials);
  for (int channel = 0; channel < channels; ++channel) {
    const P o = step.output(channel), y = step.target(channel);
    sums.even = cross_entropy(o, y, lse, w, sums.even);
    each(channel, cross_entropy_adjoint(exp(o - lse), y, total, w, share));
  }
}

template <class T, class Each>
void add_loss(const Time<T>& time, int t, LossSums<T>& sums, Each each) {
  switch (time.net.loss) {
    case Loss::logistic: return add_logistic(time, t, sums, each);
    case Loss::cross_entropy: return add_cross_entropy(time, t, sums, each);
    case Loss::squared: break;
  }
  const WholeTile<T> twice(time.net.twice);
  sums.add(time, t, [=](const Errors<T>& errors, int channel) TBRNN_INLINED {
    each(channel, errors.adjoint(channel, twice));
  });
}

// Both stages of step t at once, which reads outputs and targets only once: the sums, and dL/do [channel][32].
template <class T>
void loss_adjoint(const Time<T>& time, int t, LossSums<T>& sums, T* d_o) {
  add_loss(time, t, sums, [d_o](int channel, WholeTile<T> adjoint) TBRNN_INLINED {
    adjoint.store(d_o + channel * tile_trials);
  });
}

// The first stage alone, in the order of the backward pass, so that the sum has the same bits.
template <class T>
double loss(const Network<T>& net, const TileData<T>& data, const Workspace<T>& work) {
  const Time<T> time{net, data, work};
  LossSums<T> sums;
  for (int t = net.steps - 1; t >= 0; --t) add_loss(time, t, sums, [](int, WholeTile<T>) {});
  return sums.total();
}

}  // namespace tbrnn::inline TBRNN_ISA
