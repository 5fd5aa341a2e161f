// Sums over the steps and the trials of a tile of the product of two rows [32]. A warp takes 8 x 8 of them, whose sums over the steps stay in
// registers, a trial in each lane; then the lanes are added. Where weights are few, all warps of a block take the same 8 x 8, each some of
// the steps. For one step and 64 weights there are 16 loads of a row and 64 fma of a warp.
#pragma once

#include "block_sum.cuh"
#include "matrix_gradient.cuh"

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

}  // namespace tbrnn::cuda
