// The gradient of a trained matrix, a contraction over all steps and trials of a tile:
//   dW_ik = sum e_i r_k
// A block takes 64 x 64 weights, a quarter of it every fourth step, a thread 8 x 8 sums. The rows [32] of a step pass through shared
// memory, those of the next on their way while the block works. Then the quarters are added in order.
#pragma once

#include "team_gradient.cuh"

namespace tbrnn::cuda {

template <class T>
class MatrixGradient {
 public:
  static constexpr int rows = 64, quarters = 4;

  __device__ MatrixGradient(const Workers& team, int steps)
      : workers_(team), steps_(steps), memory_(dev::shared_memory<T>()) {}

  static constexpr std::size_t bytes() { return sizeof(T) * 2 * of_stage; }

  // put(row of a, row of b, sum) for all rows
  template <class Put>
  __device__ void all(RowsOverTime<T> a, RowsOverTime<T> b, Put put) const {
    const int across = (b.count + rows - 1) / rows, down = (a.count + rows - 1) / rows;
    for (int item = workers_.rank; item < across * down; item += workers_.blocks)
      square(a, b, item / across * rows, item % across * rows, put);
  }

 private:
  static constexpr int stride = tile_trials + lane_units;  // keeps rows apart in the banks
  static constexpr int of_quarter = 2 * rows * stride, of_stage = quarters * of_quarter;
  static constexpr int threads = block_threads / quarters, across = 8, each = rows / across;

  __device__ static int quarter() { return dev::thread() / threads; }
  __device__ static int mine() { return dev::thread() % threads; }
  __device__ int step(int turn) const { return turn * quarters + quarter(); }
  __device__ T* staged(int turn) const {
    return memory_ + turn % 2 * of_stage + quarter() * of_quarter;
  }

  __device__ void fetch(RowsOverTime<T> a, RowsOverTime<T> b, int first_a, int first_b,
                        int turn) const {
    if (step(turn) >= steps_) return;
    T* to = staged(turn);
    const auto copy = [&](RowsOverTime<T> from, int first, T* at) {
      const T* of_step = from.step(step(turn));
      TBRNN_UNROLL
      for (int i = 0; i < rows / across; ++i) {
        const int row = mine() / across + i * across, quad = mine() % across * lane_units,
                  k = first + row < from.count ? first + row : from.count - 1;
        dev::copy_ahead(reinterpret_cast<const Quad<T>*>(rows_from(of_step, k) + quad),
                        reinterpret_cast<Quad<T>*>(at + row * stride + quad));
      }
    };
    copy(a, first_a, to);
    copy(b, first_b, to + rows * stride);
  }

  using Sums = Number<T>[each][each];

  // += of the step of a turn; the thread has every eighth row of both
  __device__ void multiply(int turn, Sums& sum) const {
    const T *a = staged(turn) + mine() / across * stride,
            *b = staged(turn) + (rows + mine() % across) * stride;
    TBRNN_UNROLL_TIMES(2)
    for (int quad = 0; quad < tile_trials; quad += lane_units) {
      Quad<T> of_a[each];
      TBRNN_UNROLL
      for (int i = 0; i < each; ++i) of_a[i] = quad_at(a + i * across * stride + quad);
      TBRNN_UNROLL
      for (int k = 0; k < each; ++k) {
        const Quad<T> of_b = quad_at(b + k * across * stride + quad);
        TBRNN_UNROLL
        for (int trial = 0; trial < lane_units; ++trial) TBRNN_UNROLL
        for (int i = 0; i < each; ++i)
          sum[i][k] = fma(Number<T>(of_a[i].v[trial]), Number<T>(of_b.v[trial]), sum[i][k]);
      }
    }
  }

  template <class Put>
  __device__ void square(RowsOverTime<T> a, RowsOverTime<T> b, int first_a, int first_b,
                         Put put) const {
    Sums sum;
    TBRNN_UNROLL
    for (int i = 0; i < each; ++i) TBRNN_UNROLL
    for (int k = 0; k < each; ++k) sum[i][k] = Number<T>(T(0));
    const int turns = (steps_ + quarters - 1) / quarters;
    fetch(a, b, first_a, first_b, 0);
    for (int turn = 0; turn < turns; ++turn) {
      dev::copies_arrive();
      dev::block_barrier();  // the step is there, and the last one is done with
      if (turn + 1 < turns) fetch(a, b, first_a, first_b, turn + 1);
      if (step(turn) < steps_) multiply(turn, sum);
    }
    dev::block_barrier();
    T* of_quarters = memory_ + quarter() * rows * rows;
    TBRNN_UNROLL
    for (int i = 0; i < each; ++i) TBRNN_UNROLL
    for (int k = 0; k < each; ++k)
      of_quarters[(mine() / across + i * across) * rows + mine() % across + k * across] =
          sum[i][k].v;
    dev::block_barrier();
    for (int at = dev::thread(); at < rows * rows; at += block_threads) {
      const int i = first_a + at / rows, k = first_b + at % rows;
      T total = memory_[at];
      for (int part = 1; part < quarters; ++part) total += memory_[part * rows * rows + at];
      if (i < a.count && k < b.count) put(i, k, total);
    }
    dev::block_barrier();  // the memory may be written again
  }

  const Workers& workers_;
  int steps_;
  T* memory_;
};

}  // namespace tbrnn::cuda
