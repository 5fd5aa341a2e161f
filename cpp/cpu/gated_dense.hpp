// The time loop of gated units of full rank over one tile, and backpropagation through it: the gates of all units and their candidates
// are the rows of one product with the states. The states are the carrier; `response` holds gates and candidates of each step.
#pragma once

#include <cstring>

#include "cpu/dense.hpp"
#include "cpu/gated_backward.hpp"
#include "cpu/gated_forward.hpp"

namespace tbrnn::inline TBRNN_ISA {

// One row of inputs drives all pre-activations.
template <class Model, class T>
void gated_dense_step(const Time<T>& time, int t) {
  const auto& [net, data, work] = time;
  using P = Two<T>;
  copy_inputs(time, t, time.s(t));
  T* rows = time.response(t);
  Dense::forward(
      net, work, time.carrier(t), rows,
      [&, bias = net.bias](int first, int count) {
        for (int row = first; row < first + count; ++row)
          for (int lane = 0; lane < tile_trials; lane += P::lanes)
            P(bias[row]).store(rows + row * tile_trials + lane);
      },
      [&](int first, int count) {
        spread_rows(count, time.driving(), net.drive + first * net.driven(), net.driven(),
                    time.s(t), rows + first * tile_trials);
      });
  respond(Activation<T>{}, net.units, rows, rows);
  T* g = time.response(t, Model::candidate);
  respond(net.phi, net.units, g, g);
  next_state<Model>(time, t);
}

template <class Model, class T>
void Loop<Model, GatedDense, T>::forward(const Network<T>& net, const TileData<T>& data,
                                         const Workspace<T>& work, T* states) {
  const Time<T> time{net, data, work};
  start(time);
  for (int t = 0; t < net.steps; ++t) {
    gated_dense_step<Model>(time, t);
    if (states) copy_rows(time.carrier(t + 1), states + time.at(t, net.units), net.units);
  }
}

// lambda += W^T e of the next step
template <class T>
void add_product_adjoint(const Time<T>& time, int t, const T* e_next) {
  const auto& [net, data, work] = time;
  using P = Two<T>;
  if (t + 1 == net.steps) return;
  Dense::adjoint(net, work, time.carrier(t + 1), e_next, work.pull, [&](int first, int units) {
    for (int at = first * tile_trials; at < (first + units) * tile_trials; at += P::lanes)
      (P::load(work.lambda + at) + P::load(work.pull + at)).store(work.lambda + at);
  });
}

template <class Model, class T>
void gated_dense_state(const Chunk<T>& chunk, int i, LossSums<T>& loss) {
  const auto& [net, data, work] = chunk.time;
  const Time<T>& time = chunk.time;
  const int t = chunk.last - i - 1;  // the step that makes this state
  loss_adjoint(time, t, loss, net.readouts ? chunk.dc(i) : work.error);
  add_product_adjoint(time, t, chunk.e_next(i));
  step_adjoint<Model>(time, t, chunk.dc(i), chunk.e(i));
}

// dW += e x, dQ += e u, db += e; dP += x do
template <class T>
void gated_dense_gradient(const Chunk<T>& chunk, T* product) {
  const auto& [net, data, work] = chunk.time;
  const auto& [time, last, steps] = chunk;
  const PackedPlaces<T> sums = lane_sums(net, work);
  const int rows = net.preactivations * net.units;
  const Rows<T> e{chunk.e(0), chunk.e_rows()}, d_o{chunk.dc(0), chunk.dc_rows()};
  Dense::gradient(net, work, steps, {time.carrier(last - 1), -chunk.unit_rows()}, e, product);
  if (time.driving())
    outer(rows, net.driven(), steps, e, {time.s(last - 1), -chunk.s_rows()}, sums.drive, sums.bias);
  else
    total(rows, steps, e, sums.bias);
  outer(net.units, net.gathered(), steps, {time.carrier(last), -chunk.unit_rows()}, d_o,
        sums.gather, static_cast<T*>(nullptr));
  total(net.readouts, steps, d_o, sums.b_out);
}

template <class Model, class T>
double Loop<Model, GatedDense, T>::backward(const Network<T>& net, const TileData<T>& data,
                                            const Workspace<T>& work, T* gradient) {
  const Time<T> time{net, data, work};
  T* product = gradient + packed_size(net).total();
  LossSums<T> loss;
  start_backward(time);
  std::memset(product, 0, sizeof(T) * net.product_gradient);
  for (int last = net.steps; last > 0; last -= chunk_steps) {
    const Chunk<T> chunk{time, last, last < chunk_steps ? last : chunk_steps};
    for (int i = 0; i < chunk.steps; ++i) gated_dense_state<Model>(chunk, i, loss);
    gated_dense_gradient(chunk, product);
  }
  finish_backward(time, gradient);
  return loss.total();
}

}  // namespace tbrnn::inline TBRNN_ISA
