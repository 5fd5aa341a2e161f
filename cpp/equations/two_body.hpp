// Low-rank pairwise network (Mastrogiuseppe & Ostojic 2018; Three-Body RNNs, Low_Rank_RNN):
//   drive_i = scale sum_r m_ir (n_r . r),   scale = 1/N
// Channels: c_r = n_r . r,  s_r = c_r,  Q = scale m.
#pragma once

#include <array>

#include "channels.hpp"

namespace tbrnn::inline TBRNN_ISA {

struct LowRankRNN : ChannelModel {
  static constexpr const char* name = "LowRankRNN";
  static constexpr std::array arrays = {"m", "n"};  // [unit][rank]
  static constexpr std::array own_ranks = {&Ranks::two};
  static constexpr bool has_gate = false, has_hard_orth = false, drives_are_overlaps = true;

  TBRNN_FN static constexpr int rank_of(Ranks ranks, int) { return ranks.two; }
  TBRNN_FN static constexpr int reductions(Ranks ranks) { return ranks.two; }
  TBRNN_FN static constexpr int drives(Ranks ranks) { return ranks.two; }

  template <class C>
  TBRNN_FN static void mix(Ranks ranks, C c, C s) {
    for (int r = 0; r < ranks.two; ++r) s.set(r, c.get(r));
  }

  template <class C>
  TBRNN_FN static void mix_adjoint(Ranks ranks, C, C ds, C dc) {
    for (int r = 0; r < ranks.two; ++r) dc.set(r, ds.get(r));
  }

  template <class T>
  TBRNN_FN static void pack(const T* p, int units, Ranks ranks, Factors<T> factor, bool,
                            Columns<T> P, Columns<T> Q) {
    const int size = units * ranks.two;
    pack_columns(p, units, ranks.two, factor.two, Q);
    pack_columns(p + size, units, ranks.two, T(1), P);
  }

  template <class T>
  TBRNN_FN static void pack_adjoint(const T*, int units, Ranks ranks, Factors<T> factor, bool,
                                    Columns<const T> dP, Columns<const T> dQ, T* dp) {
    const int size = units * ranks.two;
    pack_columns_adjoint(dQ, units, ranks.two, factor.two, dp);
    pack_columns_adjoint(dP, units, ranks.two, T(1), dp + size);
  }
};

}  // namespace tbrnn::inline TBRNN_ISA
