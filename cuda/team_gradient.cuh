// The gradient of a tile from what the passes of a team left behind: every weight's is a sum over steps and trials of the product of two
// rows [32]. Those of a matrix and of pairs are in matrix_gradient.cuh. Of the others a warp takes 8 x 8, whose sums over the steps stay in
// registers, a trial in each lane; then the lanes are added. Where weights are few, all warps of a block take the same 8 x 8, each some of
// the steps.
//
//   dP_nk = sum r_n dc_k     dQ_nc = sum e_n s_c     db_n = sum e_n     db_out = sum do
//
// For one step and 64 weights there are 16 loads of a row and 64 fma of a warp.
#pragma once

#include "block_sum.cuh"
#include "matrix_gradient.cuh"
#include "team_backward.cuh"

namespace tbrnn::cuda {

inline constexpr int tile_rows = 8;

// Sums over the steps, and over the trials of a tile, of the product of two rows.
template <class T>
class Contraction {
 public:
  __device__ Contraction(const Workers& team, const TeamMemory<T>& memory)
      : workers_(team),
        partial_(memory.partial),
        memory_(partial_ + warp() * of_warp),
        next_(team.rank) {}

  // add(row of a, row of b, sum) for all rows, shared out among the warps of the team
  template <class Add>
  __device__ void all(int steps, RowsOverTime<T> a, RowsOverTime<T> b, Add add) const {
    const int across = tiles(b.count), down = tiles(a.count);
    for (int item = workers_.warp(); item < across * down; item += workers_.warps())
      tile(a, b, item / across * tile_rows, item % across * tile_rows, {0, steps}, add);
  }

  // the same among its blocks, which go on where the last call has ended
  template <class Add>
  __device__ void few(int steps, RowsOverTime<T> a, RowsOverTime<T> b, Add add) {
    const int across = tiles(b.count), items = across * tiles(a.count), first = steps * warp(),
              last = first + steps;
    for (; next_ < items; next_ += workers_.blocks) {
      const int i = next_ / across * tile_rows, k = next_ % across * tile_rows;
      T totals[2];
      tile(a, b, i, k, {first / warps, last / warps}, totals);
      for (int half = 0; half < 2; ++half) memory_[half * 32 + lane()] = totals[half];
      dev::block_barrier();
      const int at = dev::thread(), row = i + at / tile_rows, column = k + at % tile_rows;
      if (at < tile_rows * tile_rows && row < a.count && column < b.count) {
        T sum = partial_[at];
        for (int part = 1; part < warps; ++part) sum += partial_[part * of_warp + at];
        add(row, column, sum);
      }
      dev::block_barrier();  // the memory may be written again
    }
    next_ -= items;
  }

 private:
  static constexpr int lane_stride = 33;  // keeps the lanes apart in the banks of the memory
  static constexpr int of_warp = 32 * lane_stride;
  struct Steps {
    int begin, end;
  };

  __device__ static int tiles(int rows) { return (rows + tile_rows - 1) / tile_rows; }

  template <class Add>
  __device__ void tile(RowsOverTime<T> a, RowsOverTime<T> b, int first_a, int first_b, Steps steps,
                       Add add) const {
    T totals[2];
    tile(a, b, first_a, first_b, steps, totals);
    TBRNN_UNROLL
    for (int h = 0; h < 2; ++h) {
      const int i = first_a + (h * 32 + lane()) / tile_rows, k = first_b + lane() % tile_rows;
      if (i < a.count && k < b.count) add(i, k, totals[h]);
    }
  }

  // The product of 8 x 8 rows, of which each lane has two entries.
  __device__ void tile(RowsOverTime<T> a, RowsOverTime<T> b, int first_a, int first_b, Steps steps,
                       T (&totals)[2]) const {
    using V = Number<T>;
    constexpr int half = tile_rows / 2;
    V sum[2][half * tile_rows];
    TBRNN_UNROLL
    for (int h = 0; h < 2; ++h) TBRNN_UNROLL
    for (int i = 0; i < half * tile_rows; ++i) sum[h][i] = V(T(0));
    unsigned place_a[tile_rows], place_b[tile_rows];
    TBRNN_UNROLL
    for (int k = 0; k < tile_rows; ++k) {
      place_a[k] = a.place(first_a + k);
      place_b[k] = b.place(first_b + k);
    }
    const T *of_a = a.step(steps.begin), *of_b = b.step(steps.begin);
    TBRNN_UNROLL_TIMES(4)
    for (int t = steps.begin; t < steps.end; ++t, of_a = a.next(of_a), of_b = b.next(of_b)) {
      V a_t[tile_rows], b_t[tile_rows];
      TBRNN_UNROLL
      for (int k = 0; k < tile_rows; ++k) {
        a_t[k] = V(of_a[place_a[k]]);
        b_t[k] = V(of_b[place_b[k]]);
      }
      TBRNN_UNROLL
      for (int i = 0; i < tile_rows; ++i) TBRNN_UNROLL
      for (int k = 0; k < tile_rows; ++k) {
        V& entry = sum[i / half][i % half * tile_rows + k];
        entry = fma(a_t[i], b_t[k], entry);
      }
    }
    TBRNN_UNROLL
    for (int h = 0; h < 2; ++h) totals[h] = over_lanes(sum[h]);
  }

  // The sum over the lanes of value[index] in lane `index`.
  __device__ T over_lanes(const Number<T> (&value)[32]) const {
    TBRNN_UNROLL
    for (int i = 0; i < 32; ++i) memory_[i * lane_stride + lane()] = value[i].v;
    dev::warp_barrier();
    T sum(0);
    TBRNN_UNROLL
    for (int from = 0; from < 32; ++from) sum += memory_[lane() * lane_stride + from];
    dev::warp_barrier();  // the memory may be written again
    return sum;
  }

  const Workers& workers_;
  T *partial_, *memory_;  // of the block, of the warp
  int next_;              // of the items that blocks share out
};

// Gated units do without what matrix_gradient.cuh needs of the device.
template <class Model>
inline constexpr bool contracts_in_squares =
    Product<Model>::exists && !has_gates(Model::recurrence);

// dS [row][columns] of the product stage, if it is trained.
template <class Model, class T, class Put>
__device__ TBRNN_CALLED void product_gradient(const Team<Model, T>& team, int steps, T* dS,
                                              Put put) requires contracts_in_squares<Model> {
  const Shape<T>& shape = team.shape;
  const TeamHistory<T>& history = team.history;
  const int units = shape.units, pair_rows = Product<Model>::pair_rows(units);
  const RowsOverTime<T> r{history.carriers, units, units}, e{history.adjoints, units, units};
  const auto put_at = [&](int row, int i, T sum) { put(dS + row * shape.columns() + i, sum); };
  const bool split = Product<Model>::pairs ? splits_pairs<Model> : shape.split;
  const MatrixGradient<T> over_time(team.workers, steps, history.squares, split);
  if constexpr (Product<Model>::pairs) {
    const PairRows rows{units, false};
    over_time.pairs(r, e, [&](int j, int k, int i, T sum) { put_at(rows.row(j, k), i, sum); });
  }
  if constexpr (Product<Model>::linear())
    over_time.all(r, e, [&](int k, int i, T sum) { put_at(pair_rows + k, i, sum); });
}

template <class Model, class T, class Put>
__device__ void product_gradient(const Team<Model, T>& team, int steps, T* dS,
                                 Put put) requires(has_gates(Model::recurrence)) {
  const TeamHistory<T>& history = team.history;
  const int units = team.shape.units, columns = team.shape.columns();
  const Contraction<T> over_time(team.workers, team.memory);
  for (int p = 0; p < Product<Model>::targets; ++p)
    over_time.all(steps, {history.carriers, units, units},
                  {history.adjoint(0, p), history.preactivations * units, units},
                  [&](int k, int i, T sum) { put(dS + (p * units + k) * columns + i, sum); });
}

template <class Model, class T, class Put>
__device__ void channel_gradient(const Team<Model, T>& team, int steps, const Packed<T>& d,
                                 Put put) {
  const Shape<T>& shape = team.shape;
  const TeamHistory<T>& history = team.history;
  const int units = shape.units, channels = shape.channels(), driven = shape.driven(),
            reductions = shape.reductions, preactivations = shape.preactivations;
  const RowsOverTime<T> all{history.carriers, units, units},
      read{team.out(1), units, units};  // by the readout, from state 1 on
  const auto to_channel = [&](int first) {
    return [&, first](int k, int n, T sum) { put(d.gather + n * channels + first + k, sum); };
  };
  Contraction<T> over_time(team.workers, team.memory);
  over_time.few(steps + 1, {history.d_overlaps, channels, reductions}, all, to_channel(0));
  over_time.few(steps, {rows_from(history.d_overlap(1), reductions), channels, shape.readouts},
                read, to_channel(reductions));
  for (int p = 0; p < preactivations; ++p)
    over_time.few(steps, RowsOverTime<T>{history.drives, driven + 1, driven + 1},
                  RowsOverTime<T>{history.adjoint(0, p), preactivations * units, units},
                  [&](int k, int n, T sum) {
                    const int row = n * preactivations + p;
                    put(k < driven ? d.drive + row * driven + k : d.bias + row, sum);
                  });
  over_time.few(steps, {rows_from(history.d_overlap(1), reductions), channels, shape.readouts},
                {rows_from(history.drives, driven), driven + 1, 1},  // rows of 1
                [&](int o, int, T sum) { put(d.b_out + o, sum); });
}

// d (+)= the gradient of the tile; `first` starts the sums
template <class Model, class T>
__device__ void add_team_gradient(const Team<Model, T>& team, int steps, bool first,
                                  const Packed<T>& d) {
  const auto put = [first](T* at, T sum) { *at = first ? sum : *at + sum; };
  if constexpr (Product<Model>::exists)  // a copy, since what has an address is in memory
    product_gradient(Team<Model, T>(team), steps, d.product, put);
  channel_gradient(team, steps, d, put);
}

}  // namespace tbrnn::cuda
