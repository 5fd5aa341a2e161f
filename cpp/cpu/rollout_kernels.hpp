// The time loop over one tile, forward and backward, in the words of the passes. It knows layout and memory; the science is in
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
      noise_words<T, 2>(key, static_cast<std::uint32_t>(first_trial + lane),
                        noise_block(unit, Purpose::state_noise), word);
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

  std::size_t at(int t, int rows) const {
    return static_cast<std::size_t>(t) * static_cast<std::size_t>(rows) * tile_trials;
  }
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
};

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
double forward(const Network<T>& net, const TileData<T>& data, const Workspace<T>& work,
               T* states) {
  const Time<T> time{net, data, work};
  start(time);
  SquaredErrors<T> errors;
  for (int t = 0; t < net.steps; ++t) {
    mix_channels<Model>(time, t);
    step(time, t);
    gather_channels(time, t + 1);
    if (data.targets) errors.add(Errors<T>(time, t), time.target_channels());
    if (states) copy_rows(work.x, states + time.at(t, net.units), net.units);
  }
  return errors.total();
}

// lambda += phi_out'(x) (W_out^T do, or the units' errors), where the readout has a nonlinearity of its own
template <class T>
void readout_adjoint(const Time<T>& time, int t, const T* dc, T* lambda) {
  const auto& net = time.net;
  using P = Pack<T>;
  if (net.readouts == 0) error_adjoint(time, t, time.work.error);
  with_nonlinearity(net.phi_out, [&](auto phi_out) {
    for (int n = 0; n < net.units; ++n)
      for (int lane = 0; lane < tile_trials; lane += P::lanes) {
        const int at = n * tile_trials + lane;
        P g = net.readouts ? P(T(0)) : P::load(time.work.error + at);
        for (int o = 0; o < net.readouts; ++o)
          g = fma(P(net.readout[n * net.readouts + o]),
                  P::load(dc + (net.reductions + o) * tile_trials + lane), g);
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
  const auto pull = [&](auto finish) {
    const auto from = [&](auto start) {
      spread(net.units, net.gathered(), net.gather, net.gathered(), dc, work.partial, start,
             finish);
    };
    if (net.readouts || net.apart) {
      from([](int, int) { return P(T(0)); });
    } else {  // the errors are those of the carrier itself
      const Errors<T> errors(time, t);
      const P twice(net.twice);
      from([=](int n, int at) TBRNN_INLINED { return errors.adjoint(n, at % tile_trials, twice); });
    }
  };
  with_nonlinearity(net.phi, [&](auto phi) {
    if (net.form == Form::rate) {
      const T* r = time.carrier(t + 1);
      pull([=](int at, P g) TBRNN_INLINED {
        leak_rate_adjoint(P::load(lambda_next + at), g, phi.slope(P::load(r + at)), leak)
            .store(lambda + at);
      });
    } else {
      const T* response = time.response(t);
      pull([=](int at, P g) TBRNN_INLINED {
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
  T *gather, *readout, *drive, *bias, *b_out, *end;

  LaneSums(const Network<T>& net, T* at) {
    const PackedSize size = packed_size(net);
    constexpr std::size_t lanes = Pack<T>::lanes;
    gather = at;
    readout = gather + size.gather * lanes;
    drive = readout + size.readout * lanes;
    bias = drive + size.drive * lanes;
    b_out = bias + size.bias * lanes;
    end = b_out + size.b_out * lanes;
  }
};

// Adjoints of a chunk of states last, last - 1, ...: row i of e and dc belongs to state last - i, the row of dc behind them to the next.
template <class T>
struct Chunk {
  const Time<T>& time;
  int last, steps;

  std::ptrdiff_t unit_rows() const {
    return static_cast<std::ptrdiff_t>(time.net.units) * tile_trials;
  }
  std::ptrdiff_t dc_rows() const {
    return static_cast<std::ptrdiff_t>(time.net.channels()) * tile_trials;
  }
  std::ptrdiff_t s_rows() const {
    return static_cast<std::ptrdiff_t>(time.net.driven()) * tile_trials;
  }
  T* e(int i) const { return time.work.e + i * unit_rows(); }
  T* dc(int i) const { return time.work.dc + i * dc_rows(); }
};

template <class Model, class T>
void chunk_state(const Chunk<T>& chunk, int i) {
  const auto& [net, data, work] = chunk.time;
  const Time<T>& time = chunk.time;
  const int t = chunk.last - i - 1;  // the step that makes this state
  const bool rate = net.form == Form::rate;
  T* dc = chunk.dc(i);
  T* e = chunk.e(i);
  if (net.readouts) error_adjoint(time, t, dc + net.reductions * tile_trials);
  state_adjoint(time, t, dc, rate && i > 0 ? chunk.e(i - 1) : work.lambda, rate ? e : work.lambda,
                e);
  gather(net.units, net.drives, net.drive, net.driven(), e, work.ds);
  for (int lane = 0; lane < tile_trials; lane += Pack<T>::lanes)
    Model::mix_adjoint(net.ranks, Lane<T>{time.c(t) + lane}, Lane<T>{work.ds + lane},
                       Lane<T>{chunk.dc(i + 1) + lane});
}

// dQ += e s, db += e, dP += carrier dc, and the readout's
template <class T>
void chunk_gradient(const Chunk<T>& chunk) {
  const auto& [net, data, work] = chunk.time;
  const auto& [time, last, steps] = chunk;
  const LaneSums<T> sums(net, work.sums);
  const Rows<T> e{chunk.e(0), chunk.unit_rows()}, dc{chunk.dc(0), chunk.dc_rows()};
  outer(net.units, net.driven(), steps, e, {time.s(last - 1), -chunk.s_rows()}, sums.drive,
        sums.bias);
  outer(net.units, net.gathered(), steps, {time.carrier(last), -chunk.unit_rows()}, dc, sums.gather,
        static_cast<T*>(nullptr));
  if (net.readouts) {
    const Rows<T> d_o{chunk.dc(0) + net.reductions * tile_trials, chunk.dc_rows()};
    if (net.apart)
      outer(net.units, net.readouts, steps, {time.apart(last - 1), -chunk.unit_rows()}, d_o,
            sums.readout, static_cast<T*>(nullptr));
    total(net.readouts, steps, d_o, sums.b_out);
  }
  copy_rows(chunk.dc(steps), chunk.dc(0), net.reductions);
  if (net.form == Form::rate) copy_rows(chunk.e(steps - 1), work.lambda, net.units);
}

template <class T>
void start_backward(const Time<T>& time) {
  const auto& [net, data, work] = time;
  const LaneSums<T> sums(net, work.sums);
  std::memset(work.sums, 0, sizeof(T) * static_cast<std::size_t>(sums.end - work.sums));
  std::memset(work.lambda, 0, sizeof(T) * static_cast<std::size_t>(net.units) * tile_trials);
  std::memset(work.dc, 0, sizeof(T) * static_cast<std::size_t>(net.channels()) * tile_trials);
}

// The initial state is read by the first step's channels; then the lanes are summed.
template <class T>
void finish_backward(const Time<T>& time, T* gradient) {
  const auto& [net, data, work] = time;
  const LaneSums<T> sums(net, work.sums);
  std::memset(work.dc + net.reductions * tile_trials, 0,
              sizeof(T) * static_cast<std::size_t>(net.readouts) * tile_trials);
  outer<T>(net.units, net.gathered(), 1, {time.carrier(0), 0}, {work.dc, 0}, sums.gather, nullptr);
  for (const T* lanes = work.sums; lanes != sums.end; lanes += Pack<T>::lanes)
    *gradient++ = sum(Pack<T>::load(lanes));
}

template <class Model, class T>
void backward(const Network<T>& net, const TileData<T>& data, const Workspace<T>& work,
              T* gradient) {
  const Time<T> time{net, data, work};
  start_backward(time);
  for (int last = net.steps; last > 0; last -= chunk_steps) {
    const Chunk<T> chunk{time, last, last < chunk_steps ? last : chunk_steps};
    for (int i = 0; i < chunk.steps; ++i) chunk_state<Model>(chunk, i);
    chunk_gradient(chunk);
  }
  finish_backward(time, gradient);
}

}  // namespace tbrnn::inline TBRNN_ISA
