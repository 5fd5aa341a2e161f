// Low-rank hybrid of a two-body and a three-body drive (Three-Body RNNs, Low_Rank_HORNN): their sum, or with the published `adv`
// gate g = sigmoid(gate) the mixture
//   drive = g two-body + (1 - g) three-body.
// The gate is folded into Q: g m and (1 - g) l. Channels of the two-body part come first.
#pragma once

#include <array>
#include <cmath>

#include "three_body.hpp"
#include "two_body.hpp"

namespace tbrnn::inline TBRNN_ISA {

// A model's channel values from a given channel on.
template <class C>
struct Shifted {
  C channels;
  int first;
  TBRNN_FN auto get(int k) const { return channels.get(first + k); }
  template <class V>
  TBRNN_FN void set(int k, V value) const {
    channels.set(first + k, value);
  }
};

struct LowRankHORNN : ChannelModel {
  static constexpr const char* name = "LowRankHORNN";
  static constexpr std::array arrays = {"m_rnn", "n_rnn", "l_tbrnn", "m_tbrnn",
                                        "n_tbrnn"};  // [unit][rank], then gate
  static constexpr std::array own_ranks = {&Ranks::two, &Ranks::three};
  static constexpr bool has_gate = true, has_hard_orth = false;

  TBRNN_FN static constexpr int rank_of(Ranks ranks, int array) {
    return array < 2 ? ranks.two : ranks.three;
  }
  TBRNN_FN static constexpr int reductions(Ranks ranks) { return ranks.two + 2 * ranks.three; }
  TBRNN_FN static constexpr int drives(Ranks ranks) { return ranks.two + ranks.three; }

  template <class C>
  TBRNN_FN static void mix(Ranks ranks, C c, C s) {
    using S = Shifted<C>;
    LowRankRNN::mix(ranks, c, s);
    LowRankTBRNN::mix(ranks, S{c, ranks.two}, S{s, ranks.two});
  }

  template <class C>
  TBRNN_FN static void mix_adjoint(Ranks ranks, C c, C ds, C dc) {
    using S = Shifted<C>;
    LowRankRNN::mix_adjoint(ranks, c, ds, dc);
    LowRankTBRNN::mix_adjoint(ranks, S{c, ranks.two}, S{ds, ranks.two}, S{dc, ranks.two});
  }

  // g, the share of the two-body drive
  template <class T>
  TBRNN_FN static T share(T gate) {
    return T(1) / (T(1) + std::exp(-gate));
  }

  // dL/dgate = (1 - g) two - g three; these are the sums of dw w over the weights of either drive whose share is g or 1 - g, with the share
  // in dw already
  template <class T>
  TBRNN_FN static T share_adjoint(T g, T two, T three) {
    return (T(1) - g) * two - g * three;
  }

  template <class T>
  TBRNN_FN static Factors<T> gate(T gate, Factors<T> factor, bool gated) {
    if (!gated) return factor;
    const T g = share(gate);
    return {factor.two * g, factor.three * (T(1) - g)};
  }

  template <class T>
  TBRNN_FN static void pack(const T* p, int units, Ranks ranks, Factors<T> factor, bool gated,
                            Columns<T> P, Columns<T> Q) {
    const T* three = p + 2 * units * ranks.two;
    const Factors<T> f = gate(three[3 * units * ranks.three], factor, gated);
    LowRankRNN::pack(p, units, ranks, f, gated, P, Q);
    LowRankTBRNN::pack(three, units, ranks, f, gated, P.from(ranks.two), Q.from(ranks.two));
  }

  template <class T>
  TBRNN_FN static void pack_adjoint(const T* p, int units, Ranks ranks, Factors<T> factor,
                                    bool gated, Columns<const T> dP, Columns<const T> dQ, T* dp) {
    const int two = units * ranks.two, three = units * ranks.three;
    const T* l = p + 2 * two;
    const Factors<T> f = gate(l[3 * three], factor, gated);
    LowRankRNN::pack_adjoint(p, units, ranks, f, gated, dP, dQ, dp);
    LowRankTBRNN::pack_adjoint(l, units, ranks, f, gated, dP.from(ranks.two), dQ.from(ranks.two),
                               dp + 2 * two);
    T dgate = 0;  // share_adjoint(g, dm . m, dl . l) term by term
    if (gated) {
      const T g = share(l[3 * three]);
      for (int i = 0; i < two; ++i) dgate += (T(1) - g) * dp[i] * p[i];
      for (int i = 0; i < three; ++i) dgate -= g * dp[2 * two + i] * l[i];
    }
    dp[2 * two + 3 * three] = dgate;
  }
};

}  // namespace tbrnn::inline TBRNN_ISA
