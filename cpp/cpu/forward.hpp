// The time loop over one tile in the words of the passes. It knows layout and memory; the science is in equations/.
#pragma once

#include "cpu/normals.hpp"
#include "cpu/time.hpp"
#include "equations/leak.hpp"

namespace tbrnn::inline TBRNN_ISA {

template <class T>
void noise_rows(NoiseKey key, int first_trial, int units, T* rows) {
  using P = Two<T>;
  for (int unit = 0; unit < units; unit += 4)
    for (int lane = 0; lane < tile_trials; lane += P::lanes) {
      Pack<Word<T>, 2> word[4];
      noise_words<T, 2>(key, static_cast<std::uint32_t>(first_trial + lane),
                        noise_block(unit, Purpose::state_noise), word);
      P z[4];
      box_muller(word[0], word[1], z[0], z[1]);
      box_muller(word[2], word[3], z[2], z[3]);
      unroll<4>([&](auto i) TBRNN_INLINED { z[i].store(rows + (unit + i) * tile_trials + lane); });
    }
}

// overlaps of the carrier at state t, and the outputs of step t - 1
template <class T>
void gather_channels(const Time<T>& time, int t) {
  const auto& net = time.net;
  gather(net.units, net.gathered(), net.gather, net.gathered(), time.carrier(t), time.c(t));
  if (t == 0 || net.readouts == 0) return;
  T* outputs = time.outputs(t - 1);
  if (net.apart)
    gather(net.units, net.readouts, net.readout, net.readouts, time.apart(t - 1), outputs);
  for (int o = 0; o < net.readouts; ++o)
    for (int lane = 0; lane < tile_trials; lane += Pack<T>::lanes) {
      T* at = outputs + o * tile_trials + lane;
      (Pack<T>::load(at) + Pack<T>(net.b_out[o])).store(at);
    }
}

template <class Model, class T>
void mix_channels(const Time<T>& time, int t) {
  for (int lane = 0; lane < tile_trials; lane += Pack<T>::lanes)
    Model::mix(time.net.ranks, Lane<T>{time.c(t) + lane}, Lane<T>{time.s(t) + lane});
  copy_rows(time.inputs(t), time.s(t) + time.net.drives * tile_trials, time.net.inputs);
}

// state 0, its carrier and its overlaps
template <class T>
void start(const Time<T>& time) {
  const auto& [net, data, work] = time;
  if (data.initial)
    copy_rows(data.initial, work.x, net.units);
  else
    std::memset(work.x, 0, sizeof(T) * static_cast<std::size_t>(net.units) * tile_trials);
  if (net.form == Form::rate)
    respond(net.phi, net.units, work.x, work.carrier);
  else
    copy_rows(work.x, work.carrier, net.units);
  gather_channels(time, 0);
}

// x of the next state, and what it sends on: the carrier
template <class T>
void step(const Time<T>& time, int t) {
  const auto& [net, data, work] = time;
  using P = Two<T>;
  const P leak(net.leak), alpha(net.alpha), sigma(net.sigma);
  const bool noisy = net.sigma != T(0);
  if (noisy)
    noise_rows<T>({net.seed, net.member, net.epoch, static_cast<std::uint32_t>(t)},
                  data.first_trial, net.units, work.noise);
  const auto add_noise = [&, noise = work.noise](P x, int at) {
    return noisy ? fma(sigma, P::load(noise + at), x) : x;
  };
  const auto drive = [&](auto start, T* to) {
    spread(net.units, net.driven(), net.drive, net.driven(), time.s(t), work.partial, start,
           [to](int at, P sum) { sum.store(to + at); });
  };
  T* x = work.x;
  const T* bias = net.bias;
  if (net.form == Form::rate) {
    drive([&](int n, int at) { return add_noise(fma(leak, P::load(x + at), P(bias[n])), at); }, x);
    respond(net.phi, net.units, x, time.carrier(t + 1));
  } else {
    T* response = time.response(t);
    drive([&](int n, int) { return P(bias[n]); }, response);
    respond(net.phi, net.units, response, response);
    for (int at = 0; at < net.units * tile_trials; at += P::lanes)
      add_noise(leak_voltage(P::load(x + at), P::load(response + at), leak, alpha), at)
          .store(x + at);
    copy_rows(x, time.carrier(t + 1), net.units);
  }
  if (net.apart) respond(net.phi_out, net.units, x, time.apart(t));
}

template <class Model, class T>
void forward(const Network<T>& net, const TileData<T>& data, const Workspace<T>& work, T* states) {
  const Time<T> time{net, data, work};
  start(time);
  for (int t = 0; t < net.steps; ++t) {
    mix_channels<Model>(time, t);
    step(time, t);
    gather_channels(time, t + 1);
    if (states) copy_rows(work.x, states + time.at(t, net.units), net.units);
  }
}

}  // namespace tbrnn::inline TBRNN_ISA
