// The named choices that a network is made of.
#pragma once

namespace tbrnn {

enum class Recurrence { channel, dense, pairs, gated, gated_dense };  // what computes the drive
constexpr bool has_gates(Recurrence r) {
  return r == Recurrence::gated || r == Recurrence::gated_dense;
}
constexpr bool has_matrix(Recurrence r) {
  return r == Recurrence::dense || r == Recurrence::gated_dense;
}
enum class Form { rate, voltage };
enum class Nonlinearity { tanh, relu, sigmoid, softplus, identity };

// phi(x) = height f(gain (x - shift)) with f one of the above; a relu whose slope below 0 is `leak` (leaky relu, 0 <= leak < 1).
template <class T>
struct Activation {
  Nonlinearity kind = Nonlinearity::tanh;
  T gain = 1, shift = 0, height = 1, leak = 0;

  constexpr bool plain() const { return gain == 1 && shift == 0 && height == 1 && leak == 0; }
  friend constexpr bool operator==(const Activation&, const Activation&) = default;
  template <class U>
  constexpr Activation<U> as() const {
    return {kind, static_cast<U>(gain), static_cast<U>(shift), static_cast<U>(height),
            static_cast<U>(leak)};
  }
};
enum class Match { outputs, rates, states };  // what the loss compares with the targets
enum class Loss { squared, cross_entropy, logistic };

// Ranks of the two-body (pairwise) and of the three-body part of a drive.
struct Ranks {
  int two = 0;
  int three = 0;
};

}  // namespace tbrnn
