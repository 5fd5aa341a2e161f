// The pairs of a network in a team of blocks. A warp takes the panel of eight neighbours j and a lane one unit and eight trials, for which it
// has the 8 x 8 sums over k in registers:
//
//   y_i = sum_j r_j sum_{k >= j} S_jk,i r_k + sum_j W_ij r_j        g_k = sum_j r_j sum_i D_kj,i e_i + sum_i W_ik e_i
//
// For one k a lane has four loads of four numbers and 64 fma. The weights come from the L2 cache, asked for well before; the rows of r or
// e that they multiply are in shared memory, so many at a time. Then the warps are added in order.
#pragma once

#include "team.cuh"

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
  const auto* at = reinterpret_cast<const Quad<T>*>(row) + PairLane::unit();
  return {dev::load(at), dev::load(at + panel_units)};
}
template <class T>
__device__ Octet<T> trials_at(const T* row) {  // [32]
  const T* at = row + PairLane::first_trial();
  return {quad_at(at), quad_at(at + lane_units)};
}

// The block's shared memory.
struct PairMemory {
  static constexpr int staged = 128;  // rows [32] at a time
  static constexpr int rows = staged + warps * panel_units;
};

// Of a panel of units.
template <class T>
class PairSums {
 public:
  using V = Number<T>;

  // Rows r and b [unit][32] in memory
  __device__ PairSums(const PairPanels& panels, const T* r, const T* b)
      : at_(panels), r_(r), b_(b), staged_(dev::shared_memory<T>()) {
    TBRNN_UNROLL
    for (int q = 0; q < trials; ++q) y_[q] = V(T(0));
  }

  // Of the warp's panels of neighbours; weights of the panel of units
  __device__ void add(const T* weights) {
    const int columns = whole_quads(at_.units), panels = at_.panels();
    for (int begin = 0; begin < columns; begin += PairMemory::staged) {
      const int end = begin + PairMemory::staged < columns ? begin + PairMemory::staged : columns;
      if (begin) dev::block_barrier();  // the last rows are done with
      stage(begin, end);
      dev::block_barrier();
      for (int turn = 0; turn * warps < panels; ++turn) {  // to and fro, since the first are long
        const int j = (turn * warps + (turn % 2 ? warps - 1 - warp() : warp())) * panel_units;
        if (j >= at_.units) continue;
        const T* panel = weights + at_.place(0, j);
        if (begin == 0 && at_.linear) add_linear(panel + at_.pair_rows(j) * PairPanels::row, j);
        const int from = begin < at_.first(j) ? at_.first(j) : begin;
        if (from < end)
          add_pairs(panel + (from - at_.first(j)) * PairPanels::row, j,
                    rows_from(staged_, from - begin), end - from);
      }
    }
  }

  __device__ void save() const {
    T* to = rows_from(staged_, PairMemory::staged + warp() * panel_units + PairLane::unit());
    TBRNN_UNROLL
    for (int q = 0; q < trials; ++q) to[PairLane::first_trial() + q] = y_[q].v;
  }

 private:
  static constexpr int trials = PairLane::trials, ahead = lane_units;

  // Rows begin ... end - 1 of b; 0 behind the units.
  __device__ void stage(int begin, int end) const {
    constexpr int across = tile_trials / lane_units;
    for (int item = dev::thread(); item < (end - begin) * across; item += block_threads) {
      const int k = item / across, q = item % across * lane_units;
      auto* to = reinterpret_cast<Quad<T>*>(rows_from(staged_, k) + q);
      if (begin + k < at_.units)
        dev::copy_ahead(reinterpret_cast<const Quad<T>*>(rows_from(b_, begin + k) + q), to);
      else
        *to = {};
    }
    dev::copies_arrive();
  }

  // += sum_j r_j sum_k w_jk b_k over `count` k, in whole quads
  __device__ void add_pairs(const T* w, int j, const T* b, int count) {
    V sum[panel_units][trials];
    TBRNN_UNROLL
    for (int i = 0; i < panel_units; ++i) TBRNN_UNROLL
    for (int q = 0; q < trials; ++q) sum[i][q] = V(T(0));
    Octet<T> next[ahead];
    TBRNN_UNROLL
    for (int i = 0; i < ahead; ++i) next[i] = weights_at(w + i * PairPanels::row);
    for (int k = 0; k < count; k += ahead, b = rows_from(b, ahead)) {
      if (k + ahead < count) w += ahead * PairPanels::row;
      TBRNN_UNROLL
      for (int i = 0; i < ahead; ++i) {
        const Octet<T> b_k = trials_at(rows_from(b, i));
        TBRNN_UNROLL
        for (int neighbour = 0; neighbour < panel_units; ++neighbour) TBRNN_UNROLL
        for (int q = 0; q < trials; ++q)
          sum[neighbour][q] = fma(next[i][neighbour], b_k[q], sum[neighbour][q]);
        next[i] = weights_at(w + i * PairPanels::row);
      }
    }
    TBRNN_UNROLL
    for (int i = 0; i < panel_units; ++i) {
      const Octet<T> r_j = trials_at(neighbour(r_, j, i));
      TBRNN_UNROLL
      for (int q = 0; q < trials; ++q) y_[q] = fma(r_j[q], sum[i][q], y_[q]);
    }
  }

  // += sum_j w_j b_j
  __device__ void add_linear(const T* row, int j) {
    const Octet<T> w = weights_at(row);
    TBRNN_UNROLL
    for (int i = 0; i < panel_units; ++i) {
      const Octet<T> b_j = trials_at(neighbour(b_, j, i));
      TBRNN_UNROLL
      for (int q = 0; q < trials; ++q) y_[q] = fma(w[i], b_j[q], y_[q]);
    }
  }

  // Neighbours behind the units have the weight 0.
  __device__ const T* neighbour(const T* rows, int j, int i) const {
    return rows_from(rows, j + i < at_.units ? j + i : j);
  }

  PairPanels at_;
  const T *r_, *b_;
  T* staged_;
  V y_[trials];
};

// use(unit, sum) in a warp for each of the block's units
template <class T, class Use>
__device__ void each_sum_of_pairs(const PairPanels& panels, const T* weights, const T* r,
                                  const T* b, const OwnUnits& own, Use use) {
  static_assert(warps == panel_units);  // each has a unit of the panel
  static_assert(PairMemory::rows <= TeamMemory<T>::partial_rows);
  for (int first = own.begin; first < own.end; first += panel_units) {
    PairSums<T> sums(panels, r, b);
    sums.add(weights + panels.place(first, 0));
    sums.save();
    dev::block_barrier();
    if (first + warp() >= own.end) continue;
    const T* of_warps = row_at(dev::shared_memory<T>(), PairMemory::staged + warp());
    Number<T> sum[1] = {Number<T>(*of_warps)};
    TBRNN_UNROLL
    for (int of = 1; of < warps; ++of)
      sum[0] = sum[0] + Number<T>(*rows_from(of_warps, of * panel_units));
    use(first + warp(), sum);
  }
}

}  // namespace tbrnn::cuda
