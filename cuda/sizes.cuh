// How many channels a kernel has. Counts that the compiler knows let everything that a channel indexes stay in registers; the loose
// counts serve every other network from local memory.
#pragma once

#include "views.cuh"

namespace tbrnn::cuda {

template <class Model>
constexpr int preactivations_of = static_cast<int>(Model::input_weights.size());
template <class Model>
constexpr bool has_late = Model::recurrence == Recurrence::gated;  // overlaps of gated states
// Loops over counts that the compiler knows vanish; where up to 32 are possible, unrolled loops are only long to compile.
inline constexpr int loose_counts = 32;
template <int most>
constexpr int unrolled_to = most < loose_counts ? loose_counts : 1;

// The common case: rate form, tanh, the readout or the loss on the rates. Inputs and readouts may be fewer than here; then the
// weights and the numbers of the rest are zero.
template <class Model, int two, int three, int most_in, int most_out>
struct Known {
  static constexpr int unrolled = unrolled_to<0>;
  static constexpr int preactivations = preactivations_of<Model>;
  static constexpr Ranks known_ranks{two, three};
  static constexpr int known_reductions = Model::reductions(known_ranks);
  static constexpr int known_drives = Model::drives(known_ranks);
  static constexpr int most_readouts = most_out, most_outputs = most_out ? most_out : 1;
  static constexpr int most_channels = known_reductions + most_out;
  static constexpr int most_driven = known_drives + most_in;
  static constexpr int most_late = has_late<Model> ? known_drives : 0;
  static constexpr int most_inputs = most_in;
  // Memory is slow: where the registers suffice, which a product stage and gates need, what a step reads is asked for well before.
  static constexpr int weights = most_channels + most_driven;
  static constexpr bool asks_ahead = known_reductions > 0 && weights < 16 && !has_late<Model>;
  static constexpr int backward_ahead = asks_ahead && weights <= (most_out ? 12 : 9) ? 2 : 1;
  static constexpr bool has_ring = backward_ahead == 2 && most_out > 0;  // see ring.cuh
  // Where the registers are full, each pass over a tile loads the weights that it needs.
  static constexpr bool loads_again = weights > 12 || has_late<Model>;
  static constexpr int errors_at_once = !asks_ahead ? 1 : weights <= 12 ? 4 : 2;
  static_assert(!asks_ahead || most_in == lane_units - 1);  // and a 1
  static_assert(most_in <= lane_units &&
                most_out <= lane_units);  // one quad, however many there are

  template <class T>
  static bool covers(const Shape<T>& s) {
    const bool plain = s.form == Form::rate || has_gates(Model::recurrence);
    return plain && s.phi == Activation<T>{} && !s.apart && !s.own_leak &&
           s.loss == Loss::squared && !s.noisy_inputs && s.reductions == known_reductions &&
           s.drives == known_drives && s.inputs <= most_in && s.readouts <= most_out &&
           (s.readouts == 0) == (most_out == 0);
  }

  template <class T>
  struct Of {
    const Shape<T>& shape;
    TBRNN_FN static constexpr Ranks ranks() { return known_ranks; }
    TBRNN_FN static constexpr int reductions() { return known_reductions; }
    TBRNN_FN static constexpr int drives() { return known_drives; }
    TBRNN_FN static constexpr int late() { return most_late; }
    TBRNN_FN static constexpr int inputs() { return most_in; }
    TBRNN_FN static constexpr int readouts() { return most_out; }
    TBRNN_FN static constexpr ChannelRow row() { return {known_reductions, most_out, most_late}; }
    TBRNN_FN static constexpr bool voltage() { return false; }
    TBRNN_FN static constexpr bool apart() { return false; }
    TBRNN_FN static constexpr bool noisy_inputs() { return false; }
    TBRNN_FN static constexpr bool own_leak() { return false; }
    TBRNN_FN static constexpr Loss loss() { return Loss::squared; }
    TBRNN_FN static constexpr Nonlinearity phi() { return Nonlinearity::tanh; }
    TBRNN_FN static constexpr Nonlinearity phi_out() { return Nonlinearity::tanh; }
    TBRNN_FN static constexpr int channels() { return most_channels; }
    TBRNN_FN static constexpr int driven() { return most_driven; }
  };
};

template <class Model>
struct Loose {
  static constexpr int unrolled = unrolled_to<loose_counts>;
  static constexpr bool asks_ahead = false, loads_again = false, has_ring = false;
  static constexpr int backward_ahead = 1, errors_at_once = 1;
  static constexpr int preactivations = preactivations_of<Model>;
  static constexpr int most_channels = 32, most_driven = 32, most_readouts = 32;
  static constexpr int most_outputs = 32, most_inputs = 32;
  static constexpr int most_late = has_late<Model> ? 32 : 0;

  template <class T>
  static bool covers(const Shape<T>& s) {
    return s.channels() <= most_channels && s.driven() <= most_driven;
  }

  template <class T>
  struct Of {
    const Shape<T>& shape;
    TBRNN_FN Ranks ranks() const { return shape.ranks; }
    TBRNN_FN int reductions() const { return shape.reductions; }
    TBRNN_FN int drives() const { return shape.drives; }
    TBRNN_FN int late() const { return shape.late; }
    TBRNN_FN int inputs() const { return shape.inputs; }
    TBRNN_FN int readouts() const { return shape.readouts; }
    TBRNN_FN ChannelRow row() const { return {reductions(), readouts(), late()}; }
    TBRNN_FN bool voltage() const { return shape.form == Form::voltage; }
    TBRNN_FN bool apart() const { return shape.apart; }
    TBRNN_FN bool noisy_inputs() const { return shape.noisy_inputs; }
    TBRNN_FN bool own_leak() const { return shape.own_leak; }
    TBRNN_FN Loss loss() const { return shape.loss; }
    TBRNN_FN const Activation<T>& phi() const { return shape.phi; }
    TBRNN_FN const Activation<T>& phi_out() const { return shape.phi_out; }
    TBRNN_FN int channels() const { return shape.channels(); }
    TBRNN_FN int driven() const { return shape.driven(); }
  };
};

// Networks whose channels lie in rows of memory, which have no end.
template <class Model>
struct Endless {
  template <class T>
  using Of = typename Loose<Model>::template Of<T>;
};
template <class S>
concept Ends = requires {
  S::most_channels;
};

}  // namespace tbrnn::cuda
