// Low-rank gated recurrent unit (Three-Body RNNs, Low_Rank_GRU), sigma(v) = 1 / (1 + exp(-v)):
//   reset       sigma(v_r),  v_r = W_ir u + b_ir + scale m_hr (n_hr . x)
//   update      sigma(v_z),  v_z = W_iz u + b_iz + scale m_hz (n_hz . x)
//   candidate   g = phi(W_ih u + b_ih + scale m_hh (n_hh . sigma(v_r) x))
//   x <- x + alpha (1 - sigma(v_z)) (g - x) + noise,   scale = 1/N
// As sigma(v) = (1 + tanh(v / 2)) / 2, a gate is computed and saved as its q = tanh(v_r / 2) or z = tanh(v_z / 2); the
// halves are folded into the packed weights: the gates' drives sum up to v / 2, and n_hh / 2 reads y = (1 + q) x.
#pragma once

#include <array>

#include "channels.hpp"

namespace tbrnn::inline TBRNN_ISA {

struct LowRankGRU {
  static constexpr const char* name = "LowRankGRU";
  static constexpr Recurrence recurrence = Recurrence::gated;
  static constexpr std::array arrays = {"m_hr", "n_hr", "m_hz",
                                        "n_hz", "m_hh", "n_hh"};  // [unit][rank]
  static constexpr std::array own_ranks = {&Ranks::two};
  static constexpr std::array<Tensor, 0> tensors{};
  static constexpr std::array input_weights = {"w_ir", "w_iz", "w_ih"};
  static constexpr std::array input_biases = {"b_ir", "b_iz", "b_ih"};
  static constexpr std::array input_factors = {0.5, 0.5, 1.0};
  static constexpr bool has_gate = false, has_hard_orth = false;

  static constexpr int reset = 0, update = 1,
                       candidate = 2;  // pre-activations of a unit, the gates first

  TBRNN_FN static constexpr int rank_of(Ranks ranks, int) { return ranks.two; }
  TBRNN_FN static constexpr int reductions(Ranks ranks) { return 2 * ranks.two; }  // n_hr, n_hz
  TBRNN_FN static constexpr int drives(Ranks ranks) { return ranks.two; }  // of each pre-activation

  // y = (1 + q) x
  template <class V>
  TBRNN_FN static V gated(V x, V q) {
    return fma(q, x, x);
  }

  // For v = dL/dy:  dL/dx = (1 + q) v,  e_r = dL/d(v_r / 2) = (1 - q^2) x v
  template <class V>
  struct GatedAdjoint {
    V x, reset;
  };
  template <class V>
  TBRNN_FN static GatedAdjoint<V> gated_adjoint(V x, V q, V v) {
    return {fma(q, v, v), fma(-q, q, V(1)) * (x * v)};
  }

  // x + p (g - x),  p = (alpha / 2) (1 - z)
  template <class V>
  TBRNN_FN static V step(V x, V z, V g, V half_alpha) {
    return fma(fma(-half_alpha, z, half_alpha), g - x, x);
  }

  // For lambda = dL/d(step), w = p lambda:
  //   dL/dx = lambda - w,  e_z = dL/d(v_z / 2) = w (1 + z) (x - g),  e_h = w phi'
  template <class V>
  struct StepAdjoint {
    V x, update, candidate;
  };
  template <class V>
  TBRNN_FN static StepAdjoint<V> step_adjoint(V x, V z, V g, V half_alpha, V slope, V lambda) {
    const V w = fma(-half_alpha, z, half_alpha) * lambda;
    return {lambda - w, fma(z, w, w) * (x - g), w * slope};
  }

  // P [unit][2 rank] of x, L [unit][rank] of y, Q [pre-activation][unit][rank]
  template <class T>
  TBRNN_FN static void pack(const T* p, int units, Ranks ranks, Factors<T> factor, Columns<T> P,
                            Columns<T> L, Columns<T> Q) {
    const int rank = ranks.two, size = units * rank;
    const T half = T(0.5) * factor.two;
    pack_columns(p, units, rank, half, Q);
    pack_columns(p + size, units, rank, T(1), P);
    pack_columns(p + 2 * size, units, rank, half, Q.below(update * units));
    pack_columns(p + 3 * size, units, rank, T(1), P.from(rank));
    pack_columns(p + 4 * size, units, rank, factor.two, Q.below(candidate * units));
    pack_columns(p + 5 * size, units, rank, T(0.5), L);
  }

  template <class T>
  TBRNN_FN static void pack_adjoint(int units, Ranks ranks, Factors<T> factor, Columns<const T> dP,
                                    Columns<const T> dL, Columns<const T> dQ, T* dp) {
    const int rank = ranks.two, size = units * rank;
    const T half = T(0.5) * factor.two;
    pack_columns_adjoint(dQ, units, rank, half, dp);
    pack_columns_adjoint(dP, units, rank, T(1), dp + size);
    pack_columns_adjoint(dQ.below(update * units), units, rank, half, dp + 2 * size);
    pack_columns_adjoint(dP.from(rank), units, rank, T(1), dp + 3 * size);
    pack_columns_adjoint(dQ.below(candidate * units), units, rank, factor.two, dp + 4 * size);
    pack_columns_adjoint(dL, units, rank, T(0.5), dp + 5 * size);
  }
};

}  // namespace tbrnn::inline TBRNN_ISA
