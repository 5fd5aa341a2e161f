// The time loop over one tile in the words of the passes. It knows layout and memory; the science is in equations/.
#pragma once

#include "cpu/loop.hpp"
#include "cpu/noise_rows.hpp"
#include "cpu/time.hpp"
#include "equations/leak.hpp"

namespace tbrnn::inline TBRNN_ISA {

template <class T>
void add_output_bias(const Time<T>& time, int t) {
  for (int o = 0; o < time.net.readouts; ++o)
    for (int lane = 0; lane < tile_trials; lane += Pack<T>::lanes) {
      T* at = time.outputs(t) + o * tile_trials + lane;
      (Pack<T>::load(at) + Pack<T>(time.net.b_out[o])).store(at);
    }
}

// overlaps of the carrier at state t, and the outputs of step t - 1
template <class T>
void gather_channels(const Time<T>& time, int t) {
  const auto& net = time.net;
  gather(net.units, net.gathered(), net.gather, net.gathered(), time.carrier(t), time.c(t));
  if (t == 0 || net.readouts == 0) return;
  if (net.apart)
    gather(net.units, net.readouts, net.readout, net.readouts, time.apart(t - 1),
           time.outputs(t - 1));
  add_output_bias(time, t - 1);
}

template <class T>
NoiseKey noise_key(const Network<T>& net, int t) {
  return {net.seed, net.member, net.epoch, static_cast<std::uint32_t>(t)};
}

template <class T>
void add_input_noise(const Time<T>& time, int t, T* inputs) {
  const auto& [net, data, work] = time;
  using P = Pack<T>;
  noise_rows<T>(noise_key(net, t), data.first_trial, net.inputs, work.noise, Purpose::input_noise);
  for (int at = 0; at < net.inputs * tile_trials; at += P::lanes) {
    const P noisy = with_noise(P::load(inputs + at), P(net.input_sigma), P::load(work.noise + at));
    (net.rectified_inputs ? rectified(noisy) : noisy).store(inputs + at);
  }
}

template <class T>
void copy_inputs(const Time<T>& time, int t, T* to) {
  copy_rows(time.inputs(t), to, time.net.inputs);
  if (time.net.input_sigma != T(0)) add_input_noise(time, t, to);
}

template <class Model, class T>
void mix_channels(const Time<T>& time, int t) {
  for (int lane = 0; lane < tile_trials; lane += Pack<T>::lanes)
    Model::mix(time.net.ranks, Lane<T>{time.c(t) + lane}, Lane<T>{time.s(t) + lane});
  copy_inputs(time, t, time.s(t) + time.net.drives * tile_trials);
}

// state 0, its carrier and its overlaps
template <class T>
void start(const Time<T>& time) {
  const auto& [net, data, work] = time;
  if (data.initial)
    copy_rows(data.initial, work.x, net.units);
  else
    zero_rows(work.x, net.units);
  if (net.form == Form::rate)
    respond(net.phi, net.units, work.x, work.carrier);
  else
    copy_rows(work.x, work.carrier, net.units);
  gather_channels(time, 0);
}

// The first term of a drive, and its sum's place: types of their own, so that drives that begin alike are compiled once.
template <class T>
struct FromBias {
  const T* bias;
  TBRNN_PACK Two<T> operator()(int n, int) const { return Two<T>(bias[n]); }
};
template <class T>
struct StoreTo {
  T* to;
  TBRNN_PACK void operator()(int at, Two<T> sum) const { sum.store(to + at); }
};

// to = start, plus the product of the carrier, plus the drives of the channels; then finish(first unit, units), where the sums are
// complete. With a product some units at a time, so that they stay in the nearest cache.
template <class Product, class T, class Start, class Finish>
void drive(const Time<T>& time, int t, Start start, T* to, Finish finish) {
  const auto& [net, data, work] = time;
  using P = Two<T>;
  if constexpr (Product::exists) {
    Product::forward(
        net, work, time.carrier(t), to,
        [&](int first, int units) {
          for (int n = first; n < first + units; ++n)
            for (int at = n * tile_trials; at < (n + 1) * tile_trials; at += P::lanes)
              start(n, at).store(to + at);
        },
        [&](int first, int units) {
          spread_rows(units, time.driving(), net.drive + first * net.driven(), net.driven(),
                      time.s(t), to + first * tile_trials);
          finish(first, units);
        });
  } else {
    spread(net.units, time.driving(), net.drive, net.driven(), time.s(t), work.partial, start,
           StoreTo<T>{to});
    finish(0, net.units);
  }
}

// x of the next state where units have leaks of their own
template <class Product, class T, class AddNoise>
void own_leak_step(const Time<T>& time, int t, AddNoise add_noise) {
  const auto& [net, data, work] = time;
  using P = Two<T>;
  T *x = work.x, *v = time.response(t);
  copy_rows(x, time.before(t), net.units);
  drive<Product>(time, t, FromBias<T>{net.bias}, v, [](int, int) {});
  if (net.form == Form::voltage) respond(net.phi, net.units, v, v);
  for (int n = 0; n < net.units; ++n) {
    const P leak(net.unit_leak[n]), alpha(net.unit_alpha[n]), cubic(net.unit_cubic[n]);
    for (int at = n * tile_trials; at < (n + 1) * tile_trials; at += P::lanes)
      add_noise(own_leak(P::load(x + at), P::load(v + at), leak, alpha, cubic), at).store(x + at);
  }
}

// x of the next state, and what it sends on: the carrier
template <class Product, class T>
void step(const Time<T>& time, int t) {
  const auto& [net, data, work] = time;
  using P = Two<T>;
  const P leak(net.leak), alpha(net.alpha), sigma(net.sigma);
  const bool noisy = net.sigma != T(0);
  if (noisy) noise_rows<T>(noise_key(net, t), data.first_trial, net.units, work.noise);
  const auto add_noise = [&, noise = work.noise](P x, int at) {
    return noisy ? with_noise(x, sigma, P::load(noise + at)) : x;
  };
  T *x = work.x, *carrier = time.carrier(t + 1);
  const T* bias = net.bias;
  if (net.own_leak) {
    own_leak_step<Product>(time, t, add_noise);
    if (net.form == Form::rate)
      respond(net.phi, net.units, x, time.carrier(t + 1));
    else
      copy_rows(x, time.carrier(t + 1), net.units);
  } else if (net.form == Form::rate) {
    drive<Product>(
        time, t,
        [&](int n, int at) { return add_noise(leak_rate(P::load(x + at), P(bias[n]), leak), at); },
        x,
        [=, phi = net.phi](int first, int units) {
          respond(phi, units, x + first * tile_trials, carrier + first * tile_trials);
        });
  } else {
    T* response = time.response(t);
    drive<Product>(time, t, FromBias<T>{bias}, response, [&, phi = net.phi](int first, int units) {
      const int begin = first * tile_trials, end = begin + units * tile_trials;
      respond(phi, units, response + begin, response + begin);
      for (int at = begin; at < end; at += P::lanes)
        add_noise(leak_voltage(P::load(x + at), P::load(response + at), leak, alpha), at)
            .store(x + at);
      copy_rows(x + begin, carrier + begin, units);
    });
  }
  if (net.apart) respond(net.phi_out, net.units, x, time.apart(t));
}

template <class Model, class Product, class T>
void Loop<Model, Product, T>::forward(const Network<T>& net, const TileData<T>& data,
                                      const Workspace<T>& work, T* states) {
  const Time<T> time{net, data, work};
  start(time);
  for (int t = 0; t < net.steps; ++t) {
    mix_channels<Model>(time, t);
    step<Product>(time, t);
    gather_channels(time, t + 1);
    if (states) copy_rows(work.x, states + time.at(t, net.units), net.units);
  }
}

}  // namespace tbrnn::inline TBRNN_ISA
