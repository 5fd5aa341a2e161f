// Low-rank three-body network (Three-Body RNNs, Low_Rank_TBRNN), a tensor in CP form:
//   drive_i = scale sum_r l_ir (m_r . r)(n_r . r),   scale = 1/N^2
// Channels: c = [m_r . r, n_r . r],  s_r = c_r c_{R+r},  Q = scale l.
#pragma once

#include <array>

#include "channels.hpp"

namespace tbrnn::inline TBRNN_ISA {

struct LowRankTBRNN : ChannelModel {
  static constexpr const char* name = "LowRankTBRNN";
  static constexpr std::array arrays = {"l", "m", "n"};  // [unit][rank]
  static constexpr std::array own_ranks = {&Ranks::three};
  static constexpr bool has_gate = false, has_hard_orth = true;

  TBRNN_FN static constexpr int rank_of(Ranks ranks, int) { return ranks.three; }
  TBRNN_FN static constexpr int reductions(Ranks ranks) { return 2 * ranks.three; }
  TBRNN_FN static constexpr int drives(Ranks ranks) { return ranks.three; }

  template <class C>
  TBRNN_FN static void mix(Ranks ranks, C c, C s) {
    for (int r = 0; r < ranks.three; ++r) s.set(r, c.get(r) * c.get(ranks.three + r));
  }

  // d(c^M c^N) = c^N dc^M + c^M dc^N
  template <class C>
  TBRNN_FN static void mix_adjoint(Ranks ranks, C c, C ds, C dc) {
    for (int r = 0; r < ranks.three; ++r) {
      dc.set(r, ds.get(r) * c.get(ranks.three + r));
      dc.set(ranks.three + r, ds.get(r) * c.get(r));
    }
  }

  template <class T>
  TBRNN_FN static void pack(const T* p, int units, Ranks ranks, Factors<T> factor, bool,
                            Columns<T> P, Columns<T> Q) {
    const int size = units * ranks.three;
    pack_columns(p, units, ranks.three, factor.three, Q);
    pack_columns(p + size, units, ranks.three, T(1), P);
    pack_columns(p + 2 * size, units, ranks.three, T(1), P.from(ranks.three));
  }

  template <class T>
  TBRNN_FN static void pack_adjoint(const T*, int units, Ranks ranks, Factors<T> factor, bool,
                                    Columns<const T> dP, Columns<const T> dQ, T* dp) {
    const int size = units * ranks.three;
    pack_columns_adjoint(dQ, units, ranks.three, factor.three, dp);
    pack_columns_adjoint(dP, units, ranks.three, T(1), dp + size);
    pack_columns_adjoint(dP.from(ranks.three), units, ranks.three, T(1), dp + 2 * size);
  }
};

}  // namespace tbrnn::inline TBRNN_ISA
