// The time loop over one tile, forward and backward, in the words of the four passes. It knows layout and memory; the science is in
// equations/.
#pragma once

#include "cpu/normals.hpp"
#include "cpu/passes.hpp"
#include "equations/leak.hpp"
#include "equations/loss.hpp"
#include "equations/models.hpp"

namespace tbrnn::inline TBRNN_ISA {

// Channel values [channel][32] of one vector of trials.
template <class T>
struct Lane {
  T* at;
  Pack<T> get(int k) const { return Pack<T>::load(at + k * tile_trials); }
  void set(int k, Pack<T> value) const { value.store(at + k * tile_trials); }
};

template <class T>
void copy_rows(const T* from, T* to, int rows) {
  std::memcpy(to, from, sizeof(T) * static_cast<std::size_t>(rows) * tile_trials);
}

template <class T>
void noise_rows(NoiseKey key, int first_trial, int units, T* rows) {
  using P = Two<T>;
  for (int unit = 0; unit < units; unit += 4)
    for (int lane = 0; lane < tile_trials; lane += P::lanes) {
      Pack<Word<T>, 2> word[4];
      noise_words<T, 2>(key, static_cast<std::uint32_t>(first_trial + lane), noise_block(unit, Purpose::state_noise), word);
      P z[4];
      box_muller(word[0], word[1], z[0], z[1]);
      box_muller(word[2], word[3], z[2], z[3]);
      unroll<4>([&](auto i) TBRNN_INLINED { z[i].store(rows + (unit + i) * tile_trials + lane); });
    }
}

template <class T>
struct Time {  // rows of the workspace at step t
  const Network<T>& net;
  const TileData<T>& data;
  const Workspace<T>& work;

  std::size_t at(int t, int rows) const { return static_cast<std::size_t>(t) * static_cast<std::size_t>(rows) * tile_trials; }
  T* carrier(int t) const { return work.carrier + at(t, net.units); }
  T* response(int t) const { return work.response + at(t, net.units); }
  T* apart(int t) const { return work.apart + at(t, net.units); }
  T* c(int t) const { return work.c + at(t, net.channels()); }
  T* outputs(int t) const { return c(t + 1) + net.reductions * tile_trials; }
  T* s(int t) const { return work.s + at(t, net.driven()); }
  const T* units_out(int t) const { return net.apart ? apart(t) : carrier(t + 1); }
  int target_channels() const { return net.readouts ? net.readouts : net.units; }
  const T* inputs(int t) const { return data.inputs + at(t, net.inputs); }
  const T* targets(int t) const { return data.targets + at(t, target_channels()); }
  const T* mask(int t, int channel) const {
    return data.mask + at(t, data.mask_channels) + (data.mask_channels > 1 ? channel * tile_trials : 0);
  }
};

// Weights of one channel's errors: the mask, or 1, for trials that exist.
template <class T>
Pack<T> error_weight(const Time<T>& time, int t, int channel, int lane) {
  const Pack<T> weight = Pack<T>::load(time.data.weight + lane);
  return time.data.mask ? weight * Pack<T>::load(time.mask(t, channel) + lane) : weight;
}

template <class T>
struct SquaredErrors {
  Pack<T> sum[tile_trials / Pack<T>::lanes];

  SquaredErrors() {
    for (auto& lane : sum) lane = Pack<T>(T(0));
  }

  void add(const Time<T>& time, int t) {
    const T* o = time.net.readouts ? time.outputs(t) : time.units_out(t);
    const T* y = time.targets(t);
    for (int channel = 0; channel < time.target_channels(); ++channel)
      for (int i = 0; i < tile_trials / Pack<T>::lanes; ++i) {
        const int lane = i * Pack<T>::lanes, at = channel * tile_trials + lane;
        sum[i] = squared_error(Pack<T>::load(o + at), Pack<T>::load(y + at), error_weight(time, t, channel, lane), sum[i]);
      }
  }

  double total() const {
    double value = 0;
    for (const auto& lane : sum) {
      T lanes[Pack<T>::lanes];
      lane.store(lanes);
      for (T one : lanes) value += static_cast<double>(one);
    }
    return value;
  }
};

template <class T>
void error_adjoint(const Time<T>& time, int t, const T* o, T* d_o) {
  const T* y = time.targets(t);
  for (int channel = 0; channel < time.target_channels(); ++channel)
    for (int lane = 0; lane < tile_trials; lane += Pack<T>::lanes) {
      const int at = channel * tile_trials + lane;
      squared_error_adjoint(Pack<T>::load(o + at), Pack<T>::load(y + at), error_weight(time, t, channel, lane),
                            Pack<T>(time.net.twice))
          .store(d_o + at);
    }
}

// overlaps of the carrier at state t, and the outputs of step t - 1
template <class T>
void gather_channels(const Time<T>& time, int t) {
  const auto& net = time.net;
  gather(net.units, net.gathered(), net.gather, net.gathered(), time.carrier(t), time.c(t));
  if (t == 0 || net.readouts == 0) return;
  T* outputs = time.outputs(t - 1);
  if (net.apart) gather(net.units, net.readouts, net.readout, net.readouts, time.apart(t - 1), outputs);
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

// x of the next state, and what it sends on: the carrier
template <class T>
void step(const Time<T>& time, int t) {
  const auto& [net, data, work] = time;
  using P = Two<T>;
  const P leak(net.leak), alpha(net.alpha), sigma(net.sigma);
  const bool noisy = net.sigma != T(0);
  if (noisy)
    noise_rows<T>({net.seed, net.member, net.epoch, static_cast<std::uint32_t>(t)}, data.first_trial, net.units, work.noise);
  const auto add_noise = [&, noise = work.noise](P x, int at) { return noisy ? fma(sigma, P::load(noise + at), x) : x; };
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
      add_noise(leak_voltage(P::load(x + at), P::load(response + at), leak, alpha), at).store(x + at);
    copy_rows(x, time.carrier(t + 1), net.units);
  }
  if (net.apart) respond(net.phi_out, net.units, x, time.apart(t));
}

template <class Model, class T>
double forward(const Network<T>& net, const TileData<T>& data, const Workspace<T>& work, T* states) {
  const Time<T> time{net, data, work};
  if (data.initial) copy_rows(data.initial, work.x, net.units);
  else std::memset(work.x, 0, sizeof(T) * static_cast<std::size_t>(net.units) * tile_trials);
  if (net.form == Form::rate) respond(net.phi, net.units, work.x, work.carrier);
  else copy_rows(work.x, work.carrier, net.units);
  gather_channels(time, 0);

  SquaredErrors<T> errors;
  for (int t = 0; t < net.steps; ++t) {
    mix_channels<Model>(time, t);
    step(time, t);
    gather_channels(time, t + 1);
    if (data.targets) errors.add(time, t);
    if (states) copy_rows(work.x, states + time.at(t, net.units), net.units);
  }
  return errors.total();
}

// lambda += phi_out'(x) (W_out^T do, or the units' errors), where the readout has a nonlinearity of its own
template <class T>
void readout_adjoint(const Time<T>& time, int t, const T* dc, T* lambda) {
  const auto& net = time.net;
  using P = Pack<T>;
  with_nonlinearity(net.phi_out, [&](auto phi_out) {
    for (int n = 0; n < net.units; ++n)
      for (int lane = 0; lane < tile_trials; lane += P::lanes) {
        const int at = n * tile_trials + lane;
        P g = net.readouts ? P(T(0)) : P::load(time.work.error + at);
        for (int o = 0; o < net.readouts; ++o)
          g = fma(P(net.readout[n * net.readouts + o]), P::load(dc + (net.reductions + o) * tile_trials + lane), g);
        fma(phi_out.slope(P::load(time.apart(t) + at)), g, P::load(lambda + at)).store(lambda + at);
      }
  });
}

// The adjoint of state t + 1: from its errors, from the channels that read it (dc), and from the next state.
template <class T>
void state_adjoint(const Time<T>& time, int t, const T* dc, const T* lambda_next, T* lambda, T* e) {
  const auto& [net, data, work] = time;
  using P = Two<T>;
  const P leak(net.leak), alpha(net.alpha);
  if (net.readouts == 0) error_adjoint(time, t, time.units_out(t), work.error);
  const T* error = net.readouts == 0 && !net.apart ? work.error : nullptr;
  const auto start = [=](int, int at) { return error ? P::load(error + at) : P(T(0)); };
  const auto pull = [&](auto finish) {
    spread(net.units, net.gathered(), net.gather, net.gathered(), dc, work.partial, start, finish);
  };
  with_nonlinearity(net.phi, [&](auto phi) {
    if (net.form == Form::rate) {
      const T* r = time.carrier(t + 1);
      pull([=](int at, P g) { leak_rate_adjoint(P::load(lambda_next + at), g, phi.slope(P::load(r + at)), leak).store(lambda + at); });
    } else {
      const T* response = time.response(t);
      pull([=](int at, P g) {
        const P state = leak_voltage_adjoint(P::load(lambda_next + at), g, leak);
        state.store(lambda + at);
        preactivation_adjoint(state, phi.slope(P::load(response + at)), alpha).store(e + at);
      });
    }
  });
  if (net.apart) readout_adjoint(time, t, dc, lambda);
}

// Lane sums of the packed gradient, in the order of PackedSize.
template <class T>
struct LaneSums {
  T *gather, *readout, *drive, *bias, *b_out;
  std::size_t numbers;

  LaneSums(const Network<T>& net, T* at) {
    const PackedSize size = packed_size(net);
    constexpr std::size_t lanes = Pack<T>::lanes;
    gather = at;
    readout = gather + size.gather * lanes;
    drive = readout + size.readout * lanes;
    bias = drive + size.drive * lanes;
    b_out = bias + size.bias * lanes;
    numbers = size.total();
  }
};

template <class Model, class T>
void backward(const Network<T>& net, const TileData<T>& data, const Workspace<T>& work, T* gradient) {
  const Time<T> time{net, data, work};
  const bool rate = net.form == Form::rate;
  const int channels = net.channels();
  const std::ptrdiff_t unit_rows = static_cast<std::ptrdiff_t>(net.units) * tile_trials, dc_rows = channels * tile_trials,
                       s_rows = net.driven() * tile_trials;
  const LaneSums<T> sums(net, work.sums);
  std::memset(work.sums, 0, sizeof(T) * sums.numbers * Pack<T>::lanes);
  std::memset(work.lambda, 0, sizeof(T) * static_cast<std::size_t>(unit_rows));
  std::memset(work.dc, 0, sizeof(T) * static_cast<std::size_t>(dc_rows));

  const T* lambda_next = work.lambda;
  for (int last = net.steps; last > 0; last -= chunk_steps) {  // states last, last - 1, ... of this chunk
    const int steps = last < chunk_steps ? last : chunk_steps;
    for (int i = 0; i < steps; ++i) {
      const int t = last - i - 1;  // the step that makes state t + 1
      T* dc = work.dc + i * dc_rows;
      T* e = work.e + i * unit_rows;
      if (net.readouts) error_adjoint(time, t, time.outputs(t), dc + net.reductions * tile_trials);
      T* lambda = rate ? e : work.lambda;
      state_adjoint(time, t, dc, lambda_next, lambda, e);
      lambda_next = lambda;
      gather(net.units, net.drives, net.drive, net.driven(), e, work.ds);
      for (int lane = 0; lane < tile_trials; lane += Pack<T>::lanes)
        Model::mix_adjoint(net.ranks, Lane<T>{time.c(t) + lane}, Lane<T>{work.ds + lane}, Lane<T>{dc + dc_rows + lane});
    }
    const Rows<T> e{work.e, unit_rows}, dc{work.dc, dc_rows};
    outer(net.units, net.driven(), steps, e, {time.s(last - 1), -s_rows}, sums.drive);
    total(net.units, steps, e, sums.bias);
    outer(net.units, net.gathered(), steps, {time.carrier(last), -unit_rows}, dc, sums.gather);
    if (net.readouts) {
      const Rows<T> d_o{work.dc + net.reductions * tile_trials, dc_rows};
      if (net.apart) outer(net.units, net.readouts, steps, {time.apart(last - 1), -unit_rows}, d_o, sums.readout);
      total(net.readouts, steps, d_o, sums.b_out);
    }
    copy_rows(work.dc + steps * dc_rows, work.dc, net.reductions);
    if (rate && last > chunk_steps) {
      copy_rows(lambda_next, work.lambda, net.units);
      lambda_next = work.lambda;
    }
  }
  if (net.readouts) std::memset(work.dc + net.reductions * tile_trials, 0, sizeof(T) * static_cast<std::size_t>(net.readouts) * tile_trials);
  outer<T>(net.units, net.gathered(), 1, {time.carrier(0), 0}, {work.dc, 0}, sums.gather);  // the initial state is read, too
  for (std::size_t i = 0; i < sums.numbers; ++i) gradient[i] = sum(Pack<T>::load(work.sums + i * Pack<T>::lanes));
}

}  // namespace tbrnn::inline TBRNN_ISA
