// The gradient of a trained matrix or tensor, a contraction over all steps and trials of a tile:
//   dW_ik = sum e_i r_k     dS_jk,i = sum e_i r_j r_k
// A block takes 64 x 64 weights, a quarter of it every fourth step, a thread 8 x 8 sums. The rows [32] of a step pass through shared
// memory a few trials at a time, the next on their way while the block works. Then the quarters are added in order.
#pragma once

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

// 64 rows of an operand in shared memory, which the 64 threads of a quarter bring there: each four trials of neighbouring rows.
template <class T>
struct Staged {
  static constexpr int rows = 64, threads = 64;
  static constexpr int trials = 64 / sizeof(T), stride = trials + lane_units;  // keeps rows apart
  static constexpr int across = trials / lane_units, each = rows * across / threads;

  __device__ static int mine() { return dev::thread() % threads; }
  __device__ static int row() { return mine() / across * each; }
  __device__ static int trial() { return mine() % across * lane_units; }
  __device__ static Quad<T>* place(T* rows, int i) {
    return reinterpret_cast<Quad<T>*>(rows + (row() + i) * stride + trial());
  }
};

// Rows as they are, from `first` on.
template <class T>
struct StagedRows : Staged<T> {
  using S = Staged<T>;
  RowsOverTime<T> from;
  int first;

  __device__ StagedRows(RowsOverTime<T> rows, int first_row) : from(rows), first(first_row) {}
  __device__ void fetch(int t, int trial, T* to) const {
    const T* step = from.step(t) + trial + S::trial();
    TBRNN_UNROLL
    for (int i = 0; i < S::each; ++i)
      dev::copy_ahead(
          reinterpret_cast<const Quad<T>*>(rows_from(step, from.within(first + S::row() + i))),
          S::place(to, i));
  }
  __device__ void save(T*) const {}
};

// Products of the eight rows from j on, each with the eight rows from k on.
template <class T>
struct StagedPairs : Staged<T> {
  using S = Staged<T>;
  static_assert(panel_units * panel_units == S::rows && panel_units % S::each == 0);
  RowsOverTime<T> r;
  int j, k;
  Quad<T> of_j{}, of_k[S::each]{};

  __device__ StagedPairs(RowsOverTime<T> rows, int first_j, int first_k)
      : r(rows), j(first_j), k(first_k) {}
  __device__ void fetch(int t, int trial, T*) {
    const T* step = r.step(t) + trial + S::trial();
    of_j = quad_at(rows_from(step, r.within(j + S::row() / panel_units)));
    TBRNN_UNROLL
    for (int i = 0; i < S::each; ++i)
      of_k[i] = quad_at(rows_from(step, r.within(k + S::row() % panel_units + i)));
  }
  __device__ void save(T* to) const {
    TBRNN_UNROLL
    for (int i = 0; i < S::each; ++i) {
      Quad<T> product;
      TBRNN_UNROLL
      for (int q = 0; q < lane_units; ++q) product.v[q] = of_j.v[q] * of_k[i].v[q];
      *S::place(to, i) = product;
    }
  }
};

// Of 64 x 64 weights a thread has every eighth row and column in its quarter of the steps.
template <class T>
class SquareSums {
 public:
  static constexpr int rows = Staged<T>::rows, quarters = block_threads / Staged<T>::threads;
  static constexpr std::size_t bytes() { return sizeof(T) * 2 * of_stage; }

  __device__ explicit SquareSums(int steps) : steps_(steps), memory_(dev::shared_memory<T>()) {
    TBRNN_UNROLL
    for (int i = 0; i < each; ++i) TBRNN_UNROLL
    for (int k = 0; k < each; ++k) sum_[i][k] = Number<T>(T(0));
  }

  template <class A, class B>
  __device__ void add(A& a, B& b) {
    const int turns = (steps_ + quarters - 1) / quarters * turns_of_step;
    fetch(a, b, 0);
    save(a, b, 0);
    for (int turn = 0; turn < turns; ++turn) {
      dev::copies_arrive();
      dev::block_barrier();  // the rows are there, and the last ones are done with
      if (turn + 1 < turns) fetch(a, b, turn + 1);
      if (step(turn) < steps_) multiply(turn);
      if (turn + 1 < turns) save(a, b, turn + 1);
    }
  }

  // The sum of the quarters, to shared memory [row][column].
  __device__ void total() const {
    for (int part = 0; part < quarters; ++part) {
      dev::block_barrier();
      if (part != quarter()) continue;
      TBRNN_UNROLL
      for (int i = 0; i < each; ++i) TBRNN_UNROLL
      for (int k = 0; k < each; ++k) {
        T& entry = memory_[(row() + i * apart) * rows + column() + k * apart];
        entry = part ? entry + sum_[i][k].v : sum_[i][k].v;
      }
    }
    dev::block_barrier();
  }

 private:
  static constexpr int each = 8, apart = rows / each;
  static constexpr int stride = Staged<T>::stride, turns_of_step = tile_trials / Staged<T>::trials;
  static constexpr int of_quarter = 2 * rows * stride, of_stage = quarters * of_quarter;
  static_assert(2 * of_stage >= rows * rows);

  // Where lanes that differ in one of the lowest two bits read the same, two quarters of a warp share an access.
  __device__ static int row() { return lane() % 2 + lane() / 16 * 2 + warp() % 2 * 4; }
  __device__ static int column() { return lane() / 2 % 8; }
  __device__ static int quarter() { return dev::thread() / Staged<T>::threads; }
  __device__ int step(int turn) const { return turn / turns_of_step * quarters + quarter(); }
  __device__ T* staged(int turn) const {
    return memory_ + turn % 2 * of_stage + quarter() * of_quarter;
  }

  template <class A, class B>
  __device__ void fetch(A& a, B& b, int turn) const {
    if (step(turn) >= steps_) return;
    const int trial = turn % turns_of_step * Staged<T>::trials;
    a.fetch(step(turn), trial, staged(turn));
    b.fetch(step(turn), trial, staged(turn) + rows * stride);
  }
  template <class A, class B>
  __device__ void save(const A& a, const B& b, int turn) const {
    a.save(staged(turn));
    b.save(staged(turn) + rows * stride);
  }

  __device__ void multiply(int turn) {
    const T *a = staged(turn) + row() * stride, *b = staged(turn) + (rows + column()) * stride;
    TBRNN_UNROLL_TIMES(2)
    for (int quad = 0; quad < Staged<T>::trials; quad += lane_units) {
      Quad<T> of_a[each];
      TBRNN_UNROLL
      for (int i = 0; i < each; ++i) of_a[i] = quad_at(a + i * apart * stride + quad);
      TBRNN_UNROLL
      for (int k = 0; k < each; ++k) {
        const Quad<T> of_b = quad_at(b + k * apart * stride + quad);
        TBRNN_UNROLL
        for (int trial = 0; trial < lane_units; ++trial) TBRNN_UNROLL
        for (int i = 0; i < each; ++i)
          sum_[i][k] = fma(Number<T>(of_a[i].v[trial]), Number<T>(of_b.v[trial]), sum_[i][k]);
      }
    }
  }

  int steps_;
  T* memory_;
  Number<T> sum_[each][each];
};

template <class T, class A, class B>
__device__ TBRNN_CALLED void sum_square(int steps, A a, B b) {
  SquareSums<T> sums(steps);
  sums.add(a, b);
  sums.total();
}

// Shares the squares out among the blocks of a team.
template <class T>
class MatrixGradient {
 public:
  __device__ MatrixGradient(const Workers& team, int steps) : workers_(team), steps_(steps) {}

  // put(row of a, row of b, sum) for all rows
  template <class Put>
  __device__ void all(RowsOverTime<T> a, RowsOverTime<T> b, Put put) const {
    const int across = squares(b.count), items = across * squares(a.count);
    for (int item = workers_.rank; item < items; item += workers_.blocks) {
      const int i = item / across * rows, k = item % across * rows;
      sum_square<T>(steps_, StagedRows<T>(a, i), StagedRows<T>(b, k));
      each_sum([&](int row, int column, T sum) {
        if (i + row < a.count && k + column < b.count) put(i + row, k + column, sum);
      });
    }
  }

  // put(j, k, row of e, sum) for the products of rows j and k >= j of r
  template <class Put>
  __device__ void pairs(RowsOverTime<T> r, RowsOverTime<T> e, Put put) const {
    const int across = squares(e.count);
    int item = workers_.rank;
    for (int first_j = 0; first_j < r.count; first_j += panel_units) {
      const int items = whole_panels(r.count - first_j) / panel_units * across;
      for (; item < items; item += workers_.blocks) {
        const int first_k = first_j + item / across * panel_units, first_i = item % across * rows;
        sum_square<T>(steps_, StagedPairs<T>(r, first_j, first_k), StagedRows<T>(e, first_i));
        each_sum([&](int row, int column, T sum) {
          const int j = first_j + row / panel_units, k = first_k + row % panel_units,
                    i = first_i + column;
          if (j <= k && k < r.count && i < e.count) put(j, k, i, sum);
        });
      }
      item -= items;
    }
  }

 private:
  static constexpr int rows = Staged<T>::rows;
  __device__ static int squares(int count) { return (count + rows - 1) / rows; }

  template <class Use>
  __device__ void each_sum(Use use) const {
    const T* total = dev::shared_memory<T>();
    for (int at = dev::thread(); at < rows * rows; at += block_threads)
      use(at / rows, at % rows, total[at]);
    dev::block_barrier();  // the memory may be written again
  }

  const Workers& workers_;
  int steps_;
};

}  // namespace tbrnn::cuda
