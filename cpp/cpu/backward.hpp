// Backpropagation through the time loop of forward.hpp, by hand: adjoints step by step, gradients chunk by chunk.
#pragma once

#include <cstring>

#include "cpu/chunk.hpp"
#include "equations/leak.hpp"

namespace tbrnn::inline TBRNN_ISA {

// lambda += phi_out'(x) (W_out^T do, or the units' own do), where the readout has a nonlinearity of its own
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
          g = fma(P(net.readout[n * net.readouts + o]),
                  P::load(dc + (net.reductions + o) * tile_trials + lane), g);
        fma(phi_out.slope(P::load(time.apart(t) + at)), g, P::load(lambda + at)).store(lambda + at);
      }
  });
}

// use(phi, receive): receive(at, g) takes what arrives through channels and product at a place of the rows [unit][32] of state t + 1.
template <class T, class Use>
void with_receiver(const Time<T>& time, int t, const T* lambda_next, T* lambda, T* e, Use&& use) {
  const auto& net = time.net;
  using P = Two<T>;
  const P leak(net.leak), alpha(net.alpha);
  with_nonlinearity(net.phi, [&](auto phi) {
    if (net.form == Form::rate)
      use(phi, [=, r = time.carrier(t + 1)](int at, P g) TBRNN_INLINED {
        leak_rate_adjoint(P::load(lambda_next + at), g, phi.slope(P::load(r + at)), leak)
            .store(lambda + at);
      });
    else
      use(phi, [=, response = time.response(t)](int at, P g) TBRNN_INLINED {
        const P state = leak_voltage_adjoint(P::load(lambda_next + at), g, leak);
        state.store(lambda + at);
        preactivation_adjoint(state, phi.slope(P::load(response + at)), alpha).store(e + at);
      });
  });
}

// The adjoint of state t + 1: from its outputs (do of the units), the channels that read it (dc), and the next state.
template <class T>
void channels_adjoint(const Time<T>& time, int t, const T* dc, const T* lambda_next, T* lambda,
                      T* e) {
  const auto& [net, data, work] = time;
  using P = Two<T>;
  with_receiver(time, t, lambda_next, lambda, e, [&](auto phi, auto receive) {
    const auto from = [&](auto start) {
      spread_for(phi, net.units, net.gathered(), net.gather, net.gathered(), dc, work.partial,
                 start, receive);
    };
    if (net.readouts || net.apart)
      from([](int, int) { return P(T(0)); });
    else  // the outputs are the carrier itself
      from([d_o = work.error](int, int at) TBRNN_INLINED { return P::load(d_o + at); });
  });
}

// The same where e of the next step comes back through the product, too: some units at a time, which stay in the nearest cache.
template <class Product, class T>
void product_adjoint(const Time<T>& time, int t, const T* dc, const T* e_next, const T* lambda_next,
                     T* lambda, T* e) {
  const auto& [net, data, work] = time;
  using P = Two<T>;
  const auto finish = [&](int first, int units) {
    const int begin = first * tile_trials, end = begin + units * tile_trials;
    T* pull = work.pull;
    if (net.readouts == 0 && !net.apart)
      for (int at = begin; at < end; at += P::lanes)
        (P::load(pull + at) + P::load(work.error + at)).store(pull + at);
    spread_rows(units, net.gathered(), net.gather + first * net.gathered(), net.gathered(), dc,
                pull + begin);
    with_receiver(time, t, lambda_next, lambda, e, [&](auto, auto receive) {
      for (int at = begin; at < end; at += P::lanes) receive(at, P::load(pull + at));
    });
  };
  if (t + 1 < net.steps) {
    Product::adjoint(net, work, time.carrier(t + 1), e_next, work.pull, finish);
  } else {
    zero_rows(work.pull, net.units);
    finish(0, net.units);
  }
}

// lambda <- lambda (leak - 3 cubic x^2), the adjoint of the state after next on its way through the leak of state t + 1
template <class T>
void own_leak_adjoint(const Time<T>& time, int t, T* lambda) {
  const auto& net = time.net;
  using P = Two<T>;
  if (t + 1 == net.steps) return;  // there is none
  const T* x = time.before(t + 1);
  for (int n = 0; n < net.units; ++n) {
    const P leak(net.unit_leak[n]), cubic(net.unit_cubic[n]);
    for (int at = n * tile_trials; at < (n + 1) * tile_trials; at += P::lanes)
      own_leak_adjoint(P::load(lambda + at), P::load(x + at), leak, cubic).store(lambda + at);
  }
}

// e = alpha_n lambda in rate form; in voltage form e, which is phi' lambda, times alpha_n
template <class T>
void own_alpha_adjoint(const Network<T>& net, const T* lambda, T* e) {
  using P = Two<T>;
  const T* from = net.form == Form::rate ? lambda : e;
  for (int n = 0; n < net.units; ++n)
    for (int at = n * tile_trials; at < (n + 1) * tile_trials; at += P::lanes)
      (P(net.unit_alpha[n]) * P::load(from + at)).store(e + at);
}

template <class Model, class Product, class T>
void chunk_state(const Chunk<T>& chunk, int i, LossSums<T>& loss) {
  const auto& [net, data, work] = chunk.time;
  const Time<T>& time = chunk.time;
  const int t = chunk.last - i - 1;  // the step that makes this state
  const bool folded = net.folded();
  T* dc = chunk.dc(i);
  T* e = chunk.e(i);
  loss_adjoint(time, t, loss, net.readouts ? dc + net.reductions * tile_trials : work.error);
  if (net.own_leak) own_leak_adjoint(time, t, work.lambda);
  const T* lambda_next = folded && i > 0 ? chunk.e(i - 1) : work.lambda;
  T* lambda = folded ? e : work.lambda;
  if constexpr (Product::exists)
    product_adjoint<Product>(time, t, dc, chunk.e_next(i), lambda_next, lambda, e);
  else
    channels_adjoint(time, t, dc, lambda_next, lambda, e);
  if (net.apart) readout_adjoint(time, t, dc, lambda);
  if (net.own_leak) own_alpha_adjoint(net, work.lambda, e);
  gather(net.units, net.drives, net.drive, net.driven(), e, work.ds);
  for (int lane = 0; lane < tile_trials; lane += Pack<T>::lanes)
    Model::mix_adjoint(net.ranks, Lane<T>{time.c(t) + lane}, Lane<T>{work.ds + lane},
                       Lane<T>{chunk.dc(i + 1) + lane});
}

template <class Model, class Product, class T>
double Loop<Model, Product, T>::backward(const Network<T>& net, const TileData<T>& data,
                                         const Workspace<T>& work, T* gradient) {
  const Time<T> time{net, data, work};
  T* product = gradient + packed_size(net).total();
  LossSums<T> loss;
  start_backward(time);
  if constexpr (Product::exists) std::memset(product, 0, sizeof(T) * net.product_gradient);
  for (int last = net.steps; last > 0; last -= chunk_steps) {
    const Chunk<T> chunk{time, last, last < chunk_steps ? last : chunk_steps};
    for (int i = 0; i < chunk.steps; ++i) chunk_state<Model, Product>(chunk, i, loss);
    if constexpr (Model::recurrence != Recurrence::channel)  // of channels: fixed weights
      if constexpr (Product::exists)
        Product::gradient(net, work, chunk.steps, {time.carrier(last - 1), -chunk.unit_rows()},
                          {chunk.e(0), chunk.unit_rows()}, product);
    chunk_gradient(chunk);
  }
  finish_backward(time, gradient);
  return loss.total();
}

}  // namespace tbrnn::inline TBRNN_ISA
