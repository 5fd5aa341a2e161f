// The time loop of gated units over one tile, two dependent stages of channels in each step. The states are the carrier; `response`
// holds the gates and the candidate of each step, `s` the values of their drives.
#pragma once

#include "cpu/forward.hpp"

namespace tbrnn::inline TBRNN_ISA {

// What the drives of one pre-activation sum to, on its row of `response`.
template <class T>
void preactivation(const Time<T>& time, int t, int i) {
  const auto& net = time.net;
  using P = Two<T>;
  const T* bias = net.bias + i * net.units;
  T* to = time.response(t, i);
  spread(
      net.units, net.driven(), net.drive + i * net.units * net.driven(), net.driven(), time.s(t, i),
      time.work.partial, [bias](int n, int) TBRNN_INLINED { return P(bias[n]); },
      [to](int at, P sum) TBRNN_INLINED { sum.store(to + at); });
}

// The overlaps of x drive the gates, the inputs drive everything.
template <class Model, class T>
void gate_drives(const Time<T>& time, int t) {
  const auto& net = time.net;
  const T* overlaps = time.c(t);
  for (int i = 0; i < Model::candidate; ++i)
    copy_rows(overlaps + i * net.drives * tile_trials, time.s(t, i), net.drives);
  const auto inputs = [&](int i) { return time.s(t, i) + net.drives * tile_trials; };
  copy_inputs(time, t, inputs(0));
  for (int i = 1; i < net.preactivations; ++i) copy_rows(inputs(0), inputs(i), net.inputs);
}

// The state after step t, with its overlaps and outputs.
template <class Model, class T>
void next_state(const Time<T>& time, int t) {
  const auto& [net, data, work] = time;
  using P = Two<T>;
  const P half_alpha(T(0.5) * net.alpha), sigma(net.sigma);
  const T *x = time.carrier(t), *z = time.response(t, Model::update),
          *g = time.response(t, Model::candidate);
  T* next = time.carrier(t + 1);
  const auto update = [=](int at) TBRNN_INLINED {
    return Model::step(P::load(x + at), P::load(z + at), P::load(g + at), half_alpha);
  };
  const auto read = [&](auto state) TBRNN_INLINED {
    const auto kept = [=](int at) TBRNN_INLINED {
      const P value = state(at);
      value.store(next + at);
      return value;
    };
    if (net.gathered() == 0)
      for (int at = 0; at < net.units * tile_trials; at += P::lanes) kept(at);
    else
      gather_rows(net.units, net.gathered(), net.gather, net.gathered(), kept, time.c(t + 1));
  };
  if (net.sigma == T(0)) {
    read(update);
  } else {
    noise_rows<T>(noise_key(net, t), data.first_trial, net.units, work.noise);
    read([=, noise = work.noise](int at)
             TBRNN_INLINED { return with_noise(update(at), sigma, P::load(noise + at)); });
  }
  add_output_bias(time, t);
}

template <class Model, class T>
void gated_step(const Time<T>& time, int t) {
  const auto& net = time.net;
  using P = Two<T>;
  gate_drives<Model>(time, t);
  preactivation(time, t, Model::reset);
  preactivation(time, t, Model::update);
  respond(Activation<T>{}, 2 * net.units, time.response(t), time.response(t));
  const T *x = time.carrier(t), *q = time.response(t, Model::reset);
  gather_rows(
      net.units, net.late, net.gather_late, net.late,
      [=](int at) TBRNN_INLINED { return Model::gated(P::load(x + at), P::load(q + at)); },
      time.s(t, Model::candidate));
  preactivation(time, t, Model::candidate);
  T* g = time.response(t, Model::candidate);
  respond(net.phi, net.units, g, g);
  next_state<Model>(time, t);
}

template <class Model, class T>
void Loop<Model, Gated, T>::forward(const Network<T>& net, const TileData<T>& data,
                                    const Workspace<T>& work, T* states) {
  const Time<T> time{net, data, work};
  start(time);
  for (int t = 0; t < net.steps; ++t) {
    gated_step<Model>(time, t);
    if (states) copy_rows(time.carrier(t + 1), states + time.at(t, net.units), net.units);
  }
}

}  // namespace tbrnn::inline TBRNN_ISA
