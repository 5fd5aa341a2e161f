// The pairs of team_pairs.cuh by split products. The sums of a warp's panel of neighbours j over an eight of k are a product of small
// matrices for each two of the j and each eight of the trials:
//
//   rows of the first: the panel of units for one j, then for the next      columns of the second: every fourth trial
//
// so that a lane has all eight j of one unit at eight trials that lie together.
#pragma once

#include "pair_stream.cuh"
#include "split.cuh"

namespace tbrnn::cuda {

class SplitPairSums {
  using M = PairMemory<float>;

 public:
  // as PairSums::add
  __device__ void add(const PairPanels& at, const float* weights, const float* r, const float* b) {
    const int of_warp = same_in_warp(warp()), turns = PairRun::runs_of_piece(at),
              pieces = PairRun::pieces(at);
    stage(at, 0, b);
    PairStream<float> stream(at, of_warp, weights, r);
    dev::copies_arrive_but<M::slots - 1>();  // the rows, not what is behind them
    for (int piece = 0; piece < pieces; ++piece) {
      if (piece) {
        dev::block_barrier();  // the last rows are done with
        stage(at, piece * staged_rows, b);
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
    float* to = rows_from(dev::shared_memory<float>(), M::sums + warp() * panel_units + unit());
    TBRNN_UNROLL
    for (int q = 0; q < trials; ++q) to[first_trial() + q] = y_[q];
  }

 private:
  static constexpr int trials = 8, twos = panel_units / 2, columns = tile_trials / 8;
  static_assert(M::k_of_chunk == 8 && staged_rows % 8 == 0);

  __device__ static int unit() { return lane() / 4; }
  __device__ static int first_trial() { return lane() % 4 * trials; }

  // Four trials of a row of b in shared memory, where the banks keep four rows apart.
  __device__ static Quad<float>* staged(int row, int trial) {
    return reinterpret_cast<Quad<float>*>(rows_from(dev::shared_memory<float>(), row) +
                                          (trial ^ row % 4 * 8));
  }

  // Asks for the rows of b from `begin` on; 0 behind the units.
  __device__ static void stage(const PairPanels& at, int begin, const float* b) {
    constexpr int across = tile_trials / lane_units;
    const int left = at.columns() - begin, count = left < staged_rows ? left : staged_rows;
    for (int item = dev::thread(); item < count * across; item += block_threads) {
      const int k = item / across, q = item % across * lane_units;
      if (begin + k < at.units)
        dev::copy_ahead(reinterpret_cast<const Quad<float>*>(rows_from(b, begin + k) + q),
                        staged(k, q));
      else
        *staged(k, q) = {};
    }
    dev::close_copies();
  }

  // += sum_j r_j sum_k w_jk b_k
  __device__ void add_pairs(PairStream<float>& stream, const PairRun& run) {
    float sum[twos][columns][4] = {};
    for (int k = 0; k < run.count; k += 8) add_eight(stream.next(), run.from - run.begin + k, sum);
    const float* r = stream.next();
    TBRNN_UNROLL
    for (int j = 0; j < panel_units; ++j) {
      const float* at = rows_from(r, j) + first_trial();
      const Quad<float> half[2] = {quad_at(at), quad_at(at + lane_units)};
      TBRNN_UNROLL
      for (int q = 0; q < trials; ++q)
        y_[q] = std::fma(half[q / 4].v[q % 4], sum[j / 2][q % 4][j % 2 * 2 + q / 4], y_[q]);
    }
  }

  // sum += w_jk b_k of the eight k of the rows from `row` on
  __device__ static void add_eight(const float* w, int row, float (&sum)[twos][columns][4]) {
    const int k = row + lane() % 4, trial = unit() * lane_units;
    const Quad<float> b[2] = {*staged(k, trial), *staged(k + 4, trial)};
    Split<2> of_b[1][columns];
    TBRNN_UNROLL
    for (int n = 0; n < columns; ++n) of_b[0][n] = Split<2>({b[0].v[n], b[1].v[n]});
    TBRNN_UNROLL
    for (int two = 0; two < twos; ++two) {
      const Quad<float> q = quad_at(w + (two * 32 + lane()) * lane_units);
      const Split<4> of_w[1] = {Split<4>(q.v)};
      float of_eight[columns][4] = {};
      add_products(of_eight, of_w, of_b);
      TBRNN_UNROLL
      for (int n = 0; n < columns; ++n) TBRNN_UNROLL
      for (int i = 0; i < 4; ++i) sum[two][n][i] += of_eight[n][i];
    }
  }

  // += sum_j w_j b_j; neighbours behind the units have the weight 0
  __device__ void add_linear(const float* row, int units, const PairRun& run) {
    TBRNN_UNROLL
    for (int i = 0; i < panel_units; ++i) {
      const float w = row[PairPanels::in_row(unit(), i)];
      const int j = (run.j + i < units ? run.j + i : run.j) - run.begin;
      const Quad<float> half[2] = {*staged(j, first_trial()),
                                   *staged(j, first_trial() + lane_units)};
      TBRNN_UNROLL
      for (int q = 0; q < trials; ++q) y_[q] = std::fma(w, half[q / 4].v[q % 4], y_[q]);
    }
  }

  float y_[trials] = {};
};

}  // namespace tbrnn::cuda
