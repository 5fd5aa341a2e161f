// The channel recurrence: K reductions c = P^T r, a pointwise mix of a few numbers of one trial, C drives Q s. Inputs are further
// drives, readouts further reductions. A model says how its parameters fill the columns of P and Q and how c becomes s.
#pragma once

#include <array>

#include "choices.hpp"
#include "portable.hpp"

namespace tbrnn::inline TBRNN_ISA {

// Some columns of a row-major [unit][channel] array.
template <class T>
struct Columns {
  T* at;
  int stride;
  TBRNN_FN T& operator()(int unit, int channel) const { return at[unit * stride + channel]; }
  TBRNN_FN Columns from(int channel) const { return {at + channel, stride}; }
  TBRNN_FN Columns below(int unit) const { return {at + unit * stride, stride}; }
};

// A parameter with as many axes of units.
struct Tensor {
  const char* name;
  int axes;
};

// The parameters that drive a unit beside the recurrence: one pre-activation has one of each.
struct OnePreactivation {
  static constexpr std::array input_weights = {"w_in"};  // [unit][input]
  static constexpr std::array input_biases = {"b_in"};   // [unit]
  static constexpr std::array input_factors = {1.0};
};

// What all models of channels alone have in common.
struct ChannelModel : OnePreactivation {
  static constexpr Recurrence recurrence = Recurrence::channel;
  static constexpr std::array<Tensor, 0> tensors{};
  static constexpr bool drives_are_overlaps = false;  // whether s = c
};

// The channels of a model that has none: its drive is a product with all units.
struct NoChannels : OnePreactivation {
  static constexpr std::array<const char*, 0> arrays{};
  static constexpr std::array<int Ranks::*, 0> own_ranks{};
  static constexpr bool has_gate = false, has_hard_orth = false, drives_are_overlaps = false;

  TBRNN_FN static constexpr int rank_of(Ranks, int) { return 0; }
  TBRNN_FN static constexpr int reductions(Ranks) { return 0; }
  TBRNN_FN static constexpr int drives(Ranks) { return 0; }
  template <class... Any>
  TBRNN_FN static void mix(Any...) {}
  template <class... Any>
  TBRNN_FN static void mix_adjoint(Any...) {}
  template <class... Any>
  TBRNN_FN static void pack(Any...) {}
  template <class... Any>
  TBRNN_FN static void pack_adjoint(Any...) {}
};

// What multiplies the drives: alpha (rate form) or 1, times the model's scale 1/N, 1/N^2 or 1.
template <class T>
struct Factors {
  T two;
  T three;
};

// Q column = factor * w, P column = w: an array [unit][channels] of parameters into columns, and back.
template <class T>
TBRNN_FN void pack_columns(const T* w, int units, int channels, T factor, Columns<T> packed) {
  for (int n = 0; n < units; ++n)
    for (int k = 0; k < channels; ++k) packed(n, k) = factor * w[n * channels + k];
}

template <class T>
TBRNN_FN void pack_columns_adjoint(Columns<const T> dpacked, int units, int channels, T factor,
                                   T* dw) {
  for (int n = 0; n < units; ++n)
    for (int k = 0; k < channels; ++k) dw[n * channels + k] = factor * dpacked(n, k);
}

// The readout W_out is stored [output][unit], its columns [unit][output].
template <class T>
TBRNN_FN void pack_readout(const T* w_out, int units, int outputs, Columns<T> packed) {
  for (int n = 0; n < units; ++n)
    for (int o = 0; o < outputs; ++o) packed(n, o) = w_out[o * units + n];
}

template <class T>
TBRNN_FN void pack_readout_adjoint(Columns<const T> dpacked, int units, int outputs, T* dw_out) {
  for (int n = 0; n < units; ++n)
    for (int o = 0; o < outputs; ++o) dw_out[o * units + n] = dpacked(n, o);
}

}  // namespace tbrnn::inline TBRNN_ISA
