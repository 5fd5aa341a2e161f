// Backpropagation through the time loop of gated_forward.hpp, chunk by chunk.
#pragma once

#include "cpu/chunk.hpp"

namespace tbrnn::inline TBRNN_ISA {

// The adjoint of state t + 1 is complete with its outputs and the gates that read it (dc); it goes on to the candidate and the update
// gate of step t, and past them to state t.
template <class Model, class T>
void step_adjoint(const Time<T>& time, int t, const T* dc, T* e) {
  const auto& [net, data, work] = time;
  using P = Two<T>;
  const P half_alpha(T(0.5) * net.alpha);
  const std::ptrdiff_t rows = net.units * tile_trials;
  const T *x = time.carrier(t), *z = time.response(t, Model::update),
          *g = time.response(t, Model::candidate), *d_o = work.error;
  T *lambda = work.lambda, *e_z = e + Model::update * rows, *e_h = e + Model::candidate * rows;
  with_nonlinearity(net.phi, [&](auto phi) {
    const auto from = [&](auto start) {
      const auto receive = [=](int at, P sum) TBRNN_INLINED {
        const P candidate = P::load(g + at);
        const auto d = Model::step_adjoint(P::load(x + at), P::load(z + at), candidate, half_alpha,
                                           phi.slope(candidate), sum);
        d.x.store(lambda + at);
        d.update.store(e_z + at);
        d.candidate.store(e_h + at);
      };
      spread_for(phi, net.units, net.gathered(), net.gather, net.gathered(), dc, work.partial,
                 start, receive);
    };
    if (net.readouts)
      from([=](int, int at) TBRNN_INLINED { return P::load(lambda + at); });
    else  // the outputs are the states
      from([=](int, int at) TBRNN_INLINED { return P::load(lambda + at) + P::load(d_o + at); });
  });
}

// From the overlaps of y = (1 + q) x back to the reset gate and to the state of step t.
template <class Model, class T>
void reset_adjoint(const Time<T>& time, int t, const T* d_late, T* e_r, T* y) {
  const auto& [net, data, work] = time;
  using P = Two<T>;
  const T *x = time.carrier(t), *q = time.response(t, Model::reset);
  T* lambda = work.lambda;
  spread(
      net.units, net.late, net.gather_late, net.late, d_late, work.partial,
      [](int, int) TBRNN_INLINED { return P(T(0)); },
      [=](int at, P v) TBRNN_INLINED {
        const P state = P::load(x + at), reset = P::load(q + at);
        const auto d = Model::gated_adjoint(state, reset, v);
        (P::load(lambda + at) + d.x).store(lambda + at);
        d.reset.store(e_r + at);
        Model::gated(state, reset).store(y + at);
      });
}

template <class Model, class T>
void gated_chunk_state(const Chunk<T>& chunk, int i, LossSums<T>& loss) {
  const auto& [net, data, work] = chunk.time;
  const Time<T>& time = chunk.time;
  const int t = chunk.last - i - 1;  // the step that makes this state
  T* dc = chunk.dc(i);
  const auto pull = [&](int preactivation, T* to) {
    gather(net.units, net.drives, net.drive + preactivation * net.units * net.driven(),
           net.driven(), chunk.e(i, preactivation), to);
  };
  loss_adjoint(time, t, loss, net.readouts ? dc + net.reductions * tile_trials : work.error);
  step_adjoint<Model>(time, t, dc, chunk.e(i));
  pull(Model::candidate, chunk.d_late(i));
  reset_adjoint<Model>(time, t, chunk.d_late(i), chunk.e(i, Model::reset), chunk.late(i));
  for (int gate = 0; gate < Model::candidate; ++gate)
    pull(gate, chunk.dc(i + 1) + gate * net.drives * tile_trials);
}

// dQ += e s, db += e of each pre-activation; dP += x dc, dL += y d_late
template <class Model, class T>
void gated_chunk_gradient(const Chunk<T>& chunk) {
  const auto& [net, data, work] = chunk.time;
  const auto& [time, last, steps] = chunk;
  const PackedPlaces<T> sums = lane_sums(net, work);
  const int units = net.units, driven = net.driven();
  constexpr int lanes = Pack<T>::lanes;
  for (int i = 0; i < net.preactivations; ++i)
    outer<T>(units, driven, steps, {chunk.e(0, i), chunk.e_rows()},
             {time.s(last - 1, i), -chunk.s_rows()}, sums.drive + i * units * driven * lanes,
             sums.bias + i * units * lanes);
  outer<T>(units, net.gathered(), steps, {time.carrier(last), -chunk.unit_rows()},
           {chunk.dc(0), chunk.dc_rows()}, sums.gather, nullptr);
  outer<T>(units, net.late, steps, {chunk.late(0), chunk.unit_rows()},
           {chunk.d_late(0), chunk.late_rows()}, sums.late, nullptr);
  total<T>(net.readouts, steps, {chunk.dc(0) + net.reductions * tile_trials, chunk.dc_rows()},
           sums.b_out);
  copy_rows(chunk.dc(steps), chunk.dc(0), net.reductions);
}

template <class Model, class T>
double Loop<Model, Gated, T>::backward(const Network<T>& net, const TileData<T>& data,
                                       const Workspace<T>& work, T* gradient) {
  const Time<T> time{net, data, work};
  LossSums<T> loss;
  start_backward(time);
  for (int last = net.steps; last > 0; last -= chunk_steps) {
    const Chunk<T> chunk{time, last, last < chunk_steps ? last : chunk_steps};
    for (int i = 0; i < chunk.steps; ++i) gated_chunk_state<Model>(chunk, i, loss);
    gated_chunk_gradient<Model>(chunk);
  }
  finish_backward(time, gradient);
  return loss.total();
}

}  // namespace tbrnn::inline TBRNN_ISA
