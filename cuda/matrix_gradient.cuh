// The gradient of a trained matrix or tensor, a contraction over all steps and trials of a tile:
//   dW_ik = sum e_i r_k     dS_jk,i = sum e_i r_j r_k
// A block takes 128 x 128 weights, a thread 8 x 8 sums. The rows [32] of a step pass through shared memory a few trials at a time, a turn;
// those of the next three turns are on their way while the block works. For one turn a block reads 256 rows, and makes 16,384 fma of each
// of their trials.
#pragma once

#include "split_squares.cuh"
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

// Of a square a thread has every sixteenth row and column.
template <class T>
class SquareSums {
  using S = Staged<T>;

 public:
  // of rows and rows, which take more than pairs and rows
  static constexpr std::size_t bytes() { return sizeof(T) * 2 * StagedRows<T>::size; }
  static_assert(StagedPairs<T>::size <= StagedRows<T>::size);

  __device__ SquareSums() {
    TBRNN_UNROLL
    for (int i = 0; i < each; ++i) TBRNN_UNROLL
    for (int k = 0; k < each; ++k) sum_[i][k] = Number<T>(T(0));
  }

  // += the products of the steps begin ... end - 1
  template <class A, class B>
  __device__ void add(const A& a, const B& b, int begin, int end) {
    T *const of_a = dev::shared_memory<T>(), *const of_b = of_a + A::size;
    const int turns = (end - begin) * turns_of_step;
    const auto fetch = [&](int turn) {
      if (turn < turns) {
        const int t = begin + turn / turns_of_step, trial = turn % turns_of_step * S::trials;
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

  // As place() finds them again.
  __device__ void save(T* to) const {
    TBRNN_UNROLL
    for (int i = 0; i < each; ++i) TBRNN_UNROLL
    for (int k = 0; k < each; ++k)
      to[(i * each + k) * block_threads + dev::thread()] = sum_[i][k].v;
  }
  __device__ static MatrixSquares::Place place(int entry) {
    const int thread = entry % block_threads, sum = entry / block_threads;
    return {row(thread) + sum / each * apart, column(thread) + sum % each * apart};
  }

 private:
  static constexpr int each = 8, apart = square_rows / each;
  static constexpr int turns_of_step = tile_trials / S::trials;
  static_assert(apart * apart == block_threads);

  // Where lanes that differ in one of the lowest two bits read the same, two quarters of a warp share an access.
  __device__ static int row(int thread) {
    return thread % 2 + thread / 16 % 2 * 2 + thread / 32 % 4 * 4;
  }
  __device__ static int column(int thread) { return thread / 2 % 8 + thread / 128 * 8; }

  // between(): not at first, where no warp would have anything else to do meanwhile
  template <class Between>
  __device__ void multiply(const T* a, const T* b, Between between) {
    a += row(dev::thread()) * S::stride;
    b += column(dev::thread()) * S::stride;
    TBRNN_UNROLL
    for (int quad = 0; quad < S::trials; quad += lane_units) {
      Quad<T> of_a[each], of_b = quad_at(b + quad);
      TBRNN_UNROLL
      for (int i = 0; i < each; ++i) of_a[i] = quad_at(a + i * apart * S::stride + quad);
      TBRNN_UNROLL
      for (int k = 0; k < each; ++k) {
        const Quad<T> now = of_b;
        if (k + 1 < each) of_b = quad_at(b + (k + 1) * apart * S::stride + quad);
        TBRNN_UNROLL
        for (int trial = 0; trial < lane_units; ++trial) TBRNN_UNROLL
        for (int i = 0; i < each; ++i)
          sum_[i][k] = fma(Number<T>(of_a[i].v[trial]), Number<T>(now.v[trial]), sum_[i][k]);
      }
      if (quad == 0) between();
    }
  }

  Number<T> sum_[each][each];
};

// To memory, over the steps begin ... end - 1.
template <class T, class A, class B>
__device__ TBRNN_CALLED void sum_square(A a, B b, int begin, int end, T* to) {
  SquareSums<T> sums;
  sums.add(a, b, begin, end);
  sums.save(to);
}

template <class A, class B>
__device__ TBRNN_CALLED void sum_split_square(A a, B b, int begin, int end, float* to) {
  SplitSquares<Staged<float>> sums;
  sums.add(a, b, begin, end);
  sums.save(to);
}

// Shares the squares out among the blocks of a team.
template <class T>
class MatrixGradient {
 public:
  // partial [square][part of the steps]; split: the products
  __device__ MatrixGradient(const Workers& team, int steps, T* partial, bool split)
      : workers_(team), steps_(steps), partial_(partial), split_(split) {}

  // put(row of a, row of b, sum) for all rows
  template <class Put>
  __device__ void all(RowsOverTime<T> a, RowsOverTime<T> b, Put put) const {
    const MatrixSquares squares{a.count, b.count};
    sum(
        squares,
        [&](auto at, int begin, int end, T* to) {
          of_square(StagedRows<T>{a, at.row}, StagedRows<T>{b, at.column}, begin, end, to);
        },
        [&](auto at, int row, int column, T sum) {
          const int i = at.row + row, k = at.column + column;
          if (i < a.count && k < b.count) put(i, k, sum);
        });
  }

  // put(j, k, row of e, sum) for the products of rows j and k >= j of r
  template <class Put>
  __device__ void pairs(RowsOverTime<T> r, RowsOverTime<T> e, Put put) const {
    sum(
        PairSquares{r.count},
        [&](auto at, int begin, int end, T* to) {
          of_square(StagedPairs<T>{r, at.j, at.k}, StagedRows<T>{e, at.column}, begin, end, to);
        },
        [&](auto at, int row, int column, T sum) {
          const int j = at.j + row / PairSquares::of_k, k = at.k + row % PairSquares::of_k,
                    i = at.column + column;
          if (j <= k && k < r.count && i < e.count) put(j, k, i, sum);
        });
  }

 private:
  template <class A, class B>
  __device__ void of_square(A a, B b, int begin, int end, T* to) const {
    if constexpr (may_split<T>)
      if (split_) return sum_split_square(a, b, begin, end, to);
    sum_square<T>(a, b, begin, end, to);
  }
  __device__ MatrixSquares::Place place(int entry) const {
    if constexpr (may_split<T>)
      if (split_) return SplitSquares<Staged<T>>::place(entry);
    return SquareSums<T>::place(entry);
  }

  // of_item(square, begin, end, to): its sums over some of the steps; use(square, row, column, sum)
  template <class Squares, class OfItem, class Use>
  __device__ void sum(const Squares& squares, OfItem of_item, Use use) const {
    const int count = squares.count();
    const StepParts parts(steps_, count);
    for (int item = workers_.rank; item < count * parts.count; item += workers_.blocks) {
      const int part = item % parts.count;
      of_item(squares.at(item / parts.count), parts.begin(part), parts.begin(part + 1),
              partial_ + static_cast<std::size_t>(item) * square_size);
    }
    workers_.barrier();  // the partial sums are there
    for (int square = workers_.rank; square < count; square += workers_.blocks)
      add_parts(
          parts.count, partial_ + static_cast<std::size_t>(square * parts.count) * square_size,
          [&, at = squares.at(square)](int row, int column, T sum) { use(at, row, column, sum); });
    workers_.barrier();  // the memory may be written again
  }

  // use(row, column, sum): of all entries of a square
  template <class Use>
  __device__ void add_parts(int parts, const T* first, Use use) const {
    constexpr int at_once = 8;
    for (int entry = dev::thread(); entry < square_size; entry += at_once * block_threads) {
      T sum[at_once];
      TBRNN_UNROLL
      for (int i = 0; i < at_once; ++i) sum[i] = first[entry + i * block_threads];
      TBRNN_UNROLL_TIMES(4)
      for (int part = 1; part < parts; ++part) TBRNN_UNROLL
      for (int i = 0; i < at_once; ++i)
        sum[i] += first[part * square_size + entry + i * block_threads];
      TBRNN_UNROLL
      for (int i = 0; i < at_once; ++i) {
        const auto [row, column] = place(entry + i * block_threads);
        use(row, column, sum[i]);
      }
    }
  }

  const Workers& workers_;
  int steps_;
  T* partial_;
  bool split_;
};

}  // namespace tbrnn::cuda
