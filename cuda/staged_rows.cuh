// The operands of a gradient's contraction on their way through shared memory: the rows [32] of a step, a few trials at a time, a turn.
// Those of the next three turns are on their way while the block works.
#pragma once

#include "squares.cuh"
#include "team.cuh"

namespace tbrnn::cuda {

// Of each step so many rows [32].
template <class T>
struct RowsOverTime {
  const T* at;
  int of_step, count;  // rows of a step in memory, rows to use from `at` on

  // Rows behind the last are read as this, and nobody uses their sums.
  __device__ int within(int k) const { return k < count ? k : count - 1; }
  // Of row k at the trial of the lane.
  __device__ unsigned place(int k) const {
    return static_cast<unsigned>(within(k) * tile_trials + lane());
  }
  __device__ const T* next(const T* step) const { return rows_from(step, of_step); }
  __device__ const T* step(int t) const { return at + TeamHistory<T>::rows(t, of_step); }
};

// 128 rows of an operand in shared memory, a few trials of each.
template <class T>
struct Staged {
  static constexpr int turns = 4;  // that there is room for
  static constexpr int trials = 64 / sizeof(T), stride = trials + lane_units;  // keeps rows apart
  static constexpr int across = trials / lane_units, size = square_rows * stride;

  // use(row, trial) for four trials of each row that the thread has. Threads beside one another have rows that the banks keep apart.
  template <class Use>
  __device__ static void each(Use use) {
    const int item = dev::thread() / across, trial = dev::thread() % across * lane_units;
    TBRNN_UNROLL
    for (int first = 0; first < square_rows; first += block_threads / across)
      use(first + item / 8 * 8 + item % 2 * 4 + item / 2 % 4, trial);
  }
  __device__ static Quad<T>* quad(T* rows, int row, int trial) {
    return reinterpret_cast<Quad<T>*>(rows + row * stride + trial);
  }
  __device__ static void copy(const T* step, int from, T* rows, int row, int trial) {
    dev::copy_ahead(reinterpret_cast<const Quad<T>*>(rows_from(step, from) + trial),
                    quad(rows, row, trial));
  }
};

// Rows as they are, from `first` on.
template <class T>
struct StagedRows {
  using S = Staged<T>;
  static constexpr int size = S::turns * S::size;
  RowsOverTime<T> from;
  int first;

  __device__ T* at(T* memory, int turn) const { return memory + turn % S::turns * S::size; }
  __device__ void fetch(T* memory, int turn, int t, int first_trial) const {
    const T* step = from.step(t) + first_trial;
    T* rows = at(memory, turn);
    S::each([&](int row, int trial) { S::copy(step, from.within(first + row), rows, row, trial); });
  }
  __device__ void prepare(T*, int) const {}
};

// Products of the eight rows from j on, each with the sixteen rows from k on.
template <class T>
struct StagedPairs {
  using S = Staged<T>;
  static constexpr int of_j = PairSquares::of_j, of_k = PairSquares::of_k, factors = of_j + of_k;
  static constexpr int size = S::turns * factors * S::stride + 2 * S::size;
  static_assert(factors * S::across <= block_threads);
  RowsOverTime<T> r;
  int j, k;

  __device__ T* factors_at(T* memory, int turn) const {
    return memory + 2 * S::size + turn % S::turns * factors * S::stride;
  }
  __device__ T* at(T* memory, int turn) const { return memory + turn % 2 * S::size; }

  __device__ void fetch(T* memory, int turn, int t, int first_trial) const {
    const int row = dev::thread() / S::across, trial = dev::thread() % S::across * lane_units;
    if (row < factors)
      S::copy(r.step(t) + first_trial, r.within(row < of_j ? j + row : k + row - of_j),
              factors_at(memory, turn), row, trial);
  }
  // After the factors of the turn have come.
  __device__ void prepare(T* memory, int turn) const {
    T *const from = factors_at(memory, turn), *const to = at(memory, turn);
    S::each([&](int row, int trial) {
      const Quad<T> of_j = *S::quad(from, row / of_k, trial),
                    of_k = *S::quad(from, StagedPairs::of_j + row % StagedPairs::of_k, trial);
      Quad<T> product;
      TBRNN_UNROLL
      for (int q = 0; q < lane_units; ++q) product.v[q] = of_j.v[q] * of_k.v[q];
      *S::quad(to, row, trial) = product;
    });
  }
};

// multiply(rows of a, rows of b, between) for each turn of the steps begin ... end - 1. It calls between(), which asks for what comes next,
// when its own warps have begun.
template <class T, class A, class B, class Multiply>
__device__ void each_turn(const A& a, const B& b, int begin, int end, Multiply multiply) {
  using S = Staged<T>;
  constexpr int of_step = tile_trials / S::trials;
  T *const of_a = dev::shared_memory<T>(), *const of_b = of_a + A::size;
  const int turns = (end - begin) * of_step;
  const auto fetch = [&](int turn) {
    if (turn < turns) {
      const int t = begin + turn / of_step, trial = turn % of_step * S::trials;
      a.fetch(of_a, turn, t, trial);
      b.fetch(of_b, turn, t, trial);
    }
    dev::close_copies();
  };
  dev::block_barrier();  // the memory may be written again
  for (int turn = 0; turn + 1 < S::turns; ++turn) fetch(turn);
  dev::copies_arrive_but<S::turns - 2>();
  dev::block_barrier();
  a.prepare(of_a, 0);
  for (int turn = 0; turn < turns; ++turn) {
    dev::copies_arrive_but<S::turns - 3>();
    dev::block_barrier();  // this turn is prepared, the next has come, and the last is done with
    multiply(a.at(of_a, turn), b.at(of_b, turn), [&] {
      fetch(turn + S::turns - 1);
      if (turn + 1 < turns) a.prepare(of_a, turn + 1);
    });
  }
}

}  // namespace tbrnn::cuda
