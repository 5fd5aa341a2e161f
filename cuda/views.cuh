// What a kernel is given: plain views of the device's memory, passed by value.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/tiles.hpp"
#include "equations/channels.hpp"
#include "equations/choices.hpp"

namespace tbrnn::cuda {

inline constexpr int part_trials = 16;  // whose gradient and losses are summed first
inline constexpr int lane_units = 4;    // units of one lane: one Philox counter, one 16-byte access
inline constexpr int block_threads = 256;  // of one member's block
inline constexpr int warps = block_threads / 32;
inline constexpr unsigned all_lanes = 0xffffffffu;
inline constexpr int most_preactivations = 3;  // of a unit

TBRNN_FN constexpr int parts_of(int trials) { return (trials + part_trials - 1) / part_trials; }

TBRNN_FN constexpr int whole_quads(int numbers) {
  return (numbers + lane_units - 1) / lane_units * lane_units;
}

inline constexpr int panel_units = 8;  // that a team's block sums at a time
TBRNN_FN constexpr int whole_panels(int units) {
  return (units + panel_units - 1) / panel_units * panel_units;
}

// A data set. What belongs to a step of a trial lies together, in whole quads: [tile][time][32][row].
template <class T>
struct Trials {
  int trials, steps;
  int weight_row;  // numbers of a step: as many as the targets have, or a quad for all of them
  double mask_sum;
  const double* mask_sums;    // [trial]
  const T *inputs, *targets;  // inputs with ones behind them: what the biases are the weights of
  const T* weights;           // the mask, 0 in trials that do not exist
  const T* initial;           // or null
};

// What the members of a cohort have in common. Offsets are into the parameter block; -1 where there is no such array.
template <class T>
struct Shape {
  int units, inputs;
  int readouts;  // 0 where the loss is on the units
  Ranks ranks;
  int preactivations;      // of a unit; of gated units several
  int reductions, drives;  // drives of each pre-activation
  int late;                // reductions of gated states
  Form form;
  Activation<T> phi, phi_out;
  bool apart;  // the readout or the loss reads phi_out(x), not the phi(x) of the recurrence
  Loss loss;
  bool gated, hard_orth;
  bool noisy_inputs, rectified_inputs;
  bool own_leak;   // of each unit, from the array below; leak and alpha are 1 then
  const T* leaks;  // [3][unit]: 1 - alpha, alpha, alpha gamma
  int excitatory;  // of EIRNN
  bool bulk;       // a fixed matrix beside the channels
  bool split;      // products of teams, of pairs and of the gradient; see split.cuh
  const T*
      matrix;  // [2][unit][columns]: its rows as the product stage has them, then their transpose
  int product_rows,
      product_pulls;    // rows of the product stage, forward and, of teams, backward; 0 without one
  int product_squares;  // of its gradient in teams; see squares.cuh
  T leak, alpha;
  Factors<T> factors;                   // on the two-body and the three-body drives
  T product_factor;                     // on the product stage: alpha or 1
  T input_factor[most_preactivations];  // on the inputs and the bias
  int gate, w_in[most_preactivations], b_in[most_preactivations], w_out, b_out;
  int parameters;

  TBRNN_FN int channels() const { return reductions + readouts; }
  TBRNN_FN int driven() const { return drives + inputs; }  // of one pre-activation
  TBRNN_FN int responses() const {                         // saved of each step
    return preactivations > 1 ? preactivations : form == Form::voltage;
  }
  TBRNN_FN bool saves_state() const { return own_leak && form == Form::rate; }
  TBRNN_FN int columns() const { return whole_quads(units); }  // of a row of the product stage
  TBRNN_FN int target_rows() const { return readouts ? readouts : units; }
};

template <class T>
struct Noise {
  T sigma, input_sigma;
  std::uint32_t seed, member, epoch;
};

// The four units of a lane.
template <class T>
struct alignas(16) Quad {
  T v[lane_units];
};

// The weights as the time loop reads them, or the gradient of these.
template <class T>
struct Packed {
  T* product;  // [product_rows][columns], of weights also [product_pulls][columns]
  T* gather;   // [unit][reductions + readouts]
  T* late;     // [unit][late]
  T* drive;    // [unit][pre-activation][drives + inputs]
  T* bias;     // [unit][pre-activation]
  T* b_out;    // [readouts]

  TBRNN_FN static std::size_t size(const Shape<T>& shape) {  // of weights; whole quads
    return product_size(shape, shape.product_pulls) + of_channels(shape);
  }
  TBRNN_FN static std::size_t gradient_size(const Shape<T>& shape) {
    return product_size(shape, 0) + of_channels(shape);
  }
  TBRNN_FN static Packed of_weights(const Shape<T>& shape, T* at) {
    return Packed(shape, at, product_size(shape, shape.product_pulls));
  }
  TBRNN_FN static Packed of_gradient(const Shape<T>& shape, T* at) {
    return Packed(shape, at, product_size(shape, 0));
  }

 private:
  TBRNN_FN static std::size_t product_size(const Shape<T>& shape, int pulls) {
    return static_cast<std::size_t>(shape.product_rows + pulls) *
           static_cast<std::size_t>(shape.columns());
  }
  TBRNN_FN static std::size_t of_channels(const Shape<T>& shape) {
    return static_cast<std::size_t>(
        whole_quads(shape.units * (shape.channels() + shape.late +
                                   shape.preactivations * (shape.driven() + 1)) +
                    shape.readouts));
  }
  TBRNN_FN Packed(const Shape<T>& shape, T* at, std::size_t of_product)
      : product(at),
        gather(product + of_product),
        late(gather + shape.units * shape.channels()),
        drive(late + shape.units * shape.late),
        bias(drive + shape.units * shape.preactivations * shape.driven()),
        b_out(bias + shape.units * shape.preactivations) {}
};

// What a trial's channels take of a step: the overlaps, the outputs and the late overlaps, each in whole quads.
struct ChannelRow {
  int outputs, late, end;  // where these begin

  TBRNN_FN constexpr ChannelRow(int reductions, int readouts, int late_overlaps)
      : outputs(whole_quads(reductions)),
        late(outputs + whole_quads(readouts)),
        end(late + whole_quads(late_overlaps)) {}
};

struct Seats {  // of a block in the history
  int trials;   // that it works on at a time
  int quads;    // of their units
};

// What the backward pass reads of the forward pass, for the trials that a block works on at a time.
template <class T>
struct History {
  Quad<T>* carrier;  // [time + 1][quad]: phi(x) in rate form, x in voltage form
  Quad<T>*
      response;  // [time][response][quad]: phi(h), voltage form; gates and candidate of gated units
  Quad<T>* state;  // [time][quad]: x, in rate form with leaks of the units' own
  Quad<T>* apart;  // [time][quad]: phi_out(x), when apart
  Quad<T>*
      adjoint;  // [time][pre-activation][quad], with a product stage: what the inputs drive, then e
  Quad<T>* error;  // [time][quad], with a product stage: noise, then the adjoint of the outputs
  T* channels;     // [time + 1][trial][ChannelRow]; the adjoints of the outputs replace these
  T* inputs;       // [time][input], with a product stage: where they are noisy

  TBRNN_FN static int row_of(const Shape<T>& shape) {
    return ChannelRow(shape.reductions, shape.readouts, shape.late).end;
  }
  TBRNN_FN static int adjoints(const Shape<T>& shape) {
    return shape.product_rows ? shape.preactivations : 0;
  }
  TBRNN_FN static int errors(const Shape<T>& shape) { return shape.product_rows ? 1 : 0; }
  TBRNN_FN static int noisy_inputs(const Shape<T>& shape) {
    return shape.product_rows && shape.noisy_inputs ? whole_quads(shape.inputs) : 0;
  }
  TBRNN_FN static std::size_t size(const Shape<T>& shape, int steps, Seats seats) {
    const std::size_t quads = static_cast<std::size_t>(seats.quads) * lane_units;
    const std::size_t saved =
        static_cast<std::size_t>(1 + shape.responses() + shape.apart + shape.saves_state() +
                                 adjoints(shape) + errors(shape));
    return (static_cast<std::size_t>(steps) * saved + 1) * quads +
           (static_cast<std::size_t>(steps) + 1) *
               static_cast<std::size_t>(seats.trials * row_of(shape) + noisy_inputs(shape));
  }
  TBRNN_FN History(const Shape<T>& shape, int steps, Seats seats, T* at) {
    const auto quads = [=](int of_step) {
      return static_cast<std::size_t>(steps) * static_cast<std::size_t>(of_step * seats.quads);
    };
    carrier = reinterpret_cast<Quad<T>*>(at);
    response = carrier + quads(1) + seats.quads;
    apart = response + quads(shape.responses());
    state = apart + quads(shape.apart);
    adjoint = state + quads(shape.saves_state());
    error = adjoint + quads(adjoints(shape));
    channels = reinterpret_cast<T*>(error + quads(errors(shape)));
    inputs = channels + (static_cast<std::size_t>(steps) + 1) *
                            static_cast<std::size_t>(seats.trials * row_of(shape));
  }
};

}  // namespace tbrnn::cuda
