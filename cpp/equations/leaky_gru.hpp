// Leaky unit with one gate, of full rank (leaky_gru of the similarity study; its reset gate is computed and never used, and left out here):
//   update      s = sigma(v_u),  v_u = W_iu u + b_iu + w_hu x,   sigma(v) = 1 / (1 + exp(-v))
//   candidate   g = phi(W_ih u + b_ih + w_hh x)
//   x <- (1 - s) x + s ((1 - alpha) x + alpha g) + noise = x + alpha s (g - x) + noise
// As sigma(v) = (1 + tanh(v / 2)) / 2, the gate is computed and saved as z = tanh(v_u / 2); the half is folded into the packed weights.
#pragma once

#include <array>

#include "dense.hpp"

namespace tbrnn::inline TBRNN_ISA {

struct LeakyGRU : NoChannels {
  static constexpr const char* name = "LeakyGRU";
  static constexpr Recurrence recurrence = Recurrence::gated_dense;
  static constexpr std::array tensors = {Tensor{"w_hu", 2}, Tensor{"w_hh", 2}};
  static constexpr std::array input_weights = {"w_iu", "w_ih"};
  static constexpr std::array input_biases = {"b_iu", "b_ih"};
  static constexpr std::array input_factors = {0.5, 1.0};

  static constexpr int update = 0, candidate = 1;  // pre-activations of a unit

  // x + p (g - x),  p = (alpha / 2) (1 + z)
  template <class V>
  TBRNN_FN static V step(V x, V z, V g, V half_alpha) {
    return fma(fma(half_alpha, z, half_alpha), g - x, x);
  }

  // For lambda = dL/d(step), w = p lambda:
  //   dL/dx = lambda - w,  e_u = dL/d(v_u / 2) = w (1 - z) (g - x),  e_h = w phi'
  template <class V>
  struct StepAdjoint {
    V x, update, candidate;
  };
  template <class V>
  TBRNN_FN static StepAdjoint<V> step_adjoint(V x, V z, V g, V half_alpha, V slope, V lambda) {
    const V w = fma(half_alpha, z, half_alpha) * lambda;
    return {lambda - w, fma(-z, w, w) * (g - x), w * slope};
  }

  // Entry of [w_hu / 2; w_hh], (2 unit, unit)
  template <class T>
  TBRNN_FN static T weight(const T* w, Senders s, int i, int j) {
    return half_of_gate(s, i, w[i * s.units + j]);
  }
  template <class T>
  TBRNN_FN static T weight_adjoint(const T*, Senders s, int i, int, T dW) {
    return half_of_gate(s, i, dW);
  }

 private:
  template <class T>
  TBRNN_FN static T half_of_gate(Senders s, int i, T w) {
    return i < s.units ? T(0.5) * w : w;
  }
};

}  // namespace tbrnn::inline TBRNN_ISA
