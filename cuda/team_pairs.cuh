// The pairs of a network in a team of blocks. A warp takes the panel of eight neighbours j and a lane one unit and eight trials, for which it
// has the 8 x 8 sums over k in registers:
//
//   y_i = sum_j r_j sum_{k >= j} S_jk,i r_k + sum_j W_ij r_j        g_k = sum_j r_j sum_i D_kj,i e_i + sum_i W_ik e_i
//
// For one k a lane has four loads of four numbers and 64 fma, all from shared memory: each warp has a stream of its weights there, and the
// block the rows of r or e that they multiply, so many at a time. Then the warps are added in order.
#pragma once

#include "split_pairs.cuh"

namespace tbrnn::cuda {

// The unit and the trials of a lane. Lanes that differ in one of the lowest two bits read the same of one operand, which lets two quarters
// of a warp share an access.
struct PairLane {
  static constexpr int trials = 8;
  __device__ static int unit() { return lane() / 2 % panel_units; }
  __device__ static int first_trial() { return (lane() % 2 + lane() / 16 * 2) * trials; }
};

// Of eight neighbours or units, as a lane reads them.
template <class T>
struct Octet {
  Quad<T> half[2];
  __device__ Number<T> operator[](int i) const {
    return Number<T>(half[i / lane_units].v[i % lane_units]);
  }
};

template <class T>
__device__ Octet<T> weights_at(const T* row) {  // [2][unit][4]
  const T* at = row + PairLane::unit() * lane_units;
  return {quad_at(at), quad_at(at + panel_units * lane_units)};
}
template <class T>
__device__ Octet<T> trials_at(const T* row) {  // [32]
  const T* at = row + PairLane::first_trial();
  return {quad_at(at), quad_at(at + lane_units)};
}

// Of a panel of units.
template <class T>
class PairSums {
  using M = PairMemory<T>;

 public:
  using V = Number<T>;

  __device__ PairSums() {
    TBRNN_UNROLL
    for (int q = 0; q < trials; ++q) y_[q] = V(T(0));
  }

  // Of the warp's panels of neighbours; weights of the panel of units, rows r and b [unit][32] in memory
  __device__ void add(const PairPanels& at, const T* weights, const T* r, const T* b) {
    const int of_warp = same_in_warp(warp()), turns = PairRun::runs_of_piece(at),
              pieces = PairRun::pieces(at);
    if (dev::thread() == 0) *reinterpret_cast<Quad<T>*>(staged(M::zeros)) = {};
    stage(at.units, 0, b);
    PairStream<T> stream(at, of_warp, weights, r);
    dev::copies_arrive_but<M::slots - 1>();  // the rows, not what is behind them
    for (int piece = 0; piece < pieces; ++piece) {
      if (piece) {
        dev::block_barrier();  // the last rows are done with
        stage(at.units, piece * staged_rows, b);
        dev::copies_arrive_but<0>();
      }
      dev::block_barrier();
      for (int turn = 0; turn < turns; ++turn) {
        const PairRun run(at, of_warp, piece * turns + turn);
        if (run.count == 0) continue;
        if (run.linear) add_linear(stream.next(), at.units, run);
        add_pairs(stream, run);
      }
    }
  }

  __device__ void save() const {
    T* to = rows_from(dev::shared_memory<T>(), M::sums + warp() * panel_units + PairLane::unit());
    TBRNN_UNROLL
    for (int q = 0; q < trials; ++q) to[PairLane::first_trial() + q] = y_[q].v;
  }

 private:
  static constexpr int trials = PairLane::trials;

  __device__ static T* staged(int row) { return rows_from(dev::shared_memory<T>(), row); }

  // Asks for the rows of b from `begin` on; 0 behind the units.
  __device__ static void stage(int units, int begin, const T* b) {
    constexpr int across = tile_trials / lane_units;
    const int left = whole_quads(units) - begin, count = left < staged_rows ? left : staged_rows;
    for (int item = dev::thread(); item < count * across; item += block_threads) {
      const int k = item / across, q = item % across * lane_units;
      auto* to = reinterpret_cast<Quad<T>*>(staged(k) + q);
      if (begin + k < units)
        dev::copy_ahead(reinterpret_cast<const Quad<T>*>(rows_from(b, begin + k) + q), to);
      else
        *to = {};
    }
    dev::close_copies();
  }

  // += sum_j r_j sum_k w_jk b_k
  __device__ void add_pairs(PairStream<T>& stream, const PairRun& run) {
    V sum[panel_units][trials];
    begin(sum);
    const T* b = staged(run.from - run.begin);
    for (int k = 0; k < run.count; k += M::k_of_chunk) {
      const T* w = stream.next();
      TBRNN_UNROLL
      for (int four = 0; four < M::k_of_chunk; four += 4) {
        if (k + four < run.count) add_four(w + four * PairPanels::row, rows_from(b, k + four), sum);
      }
    }
    const T* r = stream.next();
    TBRNN_UNROLL
    for (int i = 0; i < panel_units; ++i) {
      const Octet<T> r_j = trials_at(rows_from(r, i));
      TBRNN_UNROLL
      for (int q = 0; q < trials; ++q) y_[q] = fma(r_j[q], sum[i][q], y_[q]);
    }
  }

  // Registers lie in two banks, the even and the odd ones, and an fma that reads two of one bank takes two cycles. w_j is that of the last fma
  // too, which it needs not read; b_q as a loaded number has a register of the parity of q. So the sum gets one of the other parity.
  __device__ static void begin(V (&sum)[panel_units][trials]) {
    const auto* zeros = reinterpret_cast<const Quad<T>*>(staged(M::zeros));
    TBRNN_UNROLL
    for (int j = 0; j < panel_units; ++j) TBRNN_UNROLL
    for (int half = 0; half < trials; half += lane_units) {
      const Quad<T> zero = dev::load_anew(zeros);
      TBRNN_UNROLL
      for (int q = 0; q < lane_units; ++q) sum[j][half + (q ^ 1)] = V(zero.v[q]);
    }
  }

  // sum [j][trial] += w_jk b_k of four k
  __device__ static void add_four(const T* w, const T* b, V (&sum)[panel_units][trials]) {
    Octet<T> next_w = weights_at(w), next_b = trials_at(b);
    TBRNN_UNROLL
    for (int k = 0; k < 4; ++k) {
      const Octet<T> w_k = next_w, b_k = next_b;
      if (k + 1 < 4) {
        next_w = weights_at(w + (k + 1) * PairPanels::row);
        next_b = trials_at(rows_from(b, k + 1));
      }
      TBRNN_UNROLL
      for (int j = 0; j < panel_units; ++j) TBRNN_UNROLL
      for (int q = 0; q < trials; ++q) sum[j][q] = fma(w_k[j], b_k[q], sum[j][q]);
    }
  }

  // += sum_j w_j b_j; neighbours behind the units have the weight 0
  __device__ void add_linear(const T* row, int units, const PairRun& run) {
    const Octet<T> w = weights_at(row);
    TBRNN_UNROLL
    for (int i = 0; i < panel_units; ++i) {
      const int j = run.j + i < units ? run.j + i : run.j;
      const Octet<T> b_j = trials_at(staged(j - run.begin));
      TBRNN_UNROLL
      for (int q = 0; q < trials; ++q) y_[q] = fma(w[i], b_j[q], y_[q]);
    }
  }

  V y_[trials];
};

// use(unit, sum) in a warp for each of the block's units
template <bool split, class T, class Use>
__device__ void each_sum_of_pairs(const PairPanels& panels, const T* weights, const T* r,
                                  const T* b, const OwnUnits& own, Use use) {
  static_assert(warps == panel_units);  // each has a unit of the panel
  for (int first = own.begin; first < own.end; first += panel_units) {
    std::conditional_t<split, SplitPairSums, PairSums<T>> sums;
    sums.add(panels, weights + panels.place(first, 0), r, b);
    sums.save();
    dev::block_barrier();
    if (first + warp() >= own.end) continue;
    const T* of_warps = row_at(dev::shared_memory<T>(), PairMemory<T>::sums + warp());
    Number<T> sum[1] = {Number<T>(*of_warps)};
    TBRNN_UNROLL
    for (int of = 1; of < warps; ++of)
      sum[0] = sum[0] + Number<T>(*rows_from(of_warps, of * panel_units));
    use(first + warp(), sum);
  }
}

}  // namespace tbrnn::cuda
