// The gradient of a trained matrix or tensor, a contraction over all steps and trials of a tile:
//   dW_ik = sum e_i r_k     dS_jk,i = sum e_i r_j r_k
// A block takes 128 x 128 weights, a thread 8 x 8 sums. For one turn of the rows that pass through shared memory a block reads 256 rows, and
// makes 16,384 fma of each of their trials.
#pragma once

#include "split_squares.cuh"

namespace tbrnn::cuda {

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
    each_turn<T>(a, b, begin, end, [&](const T* of_a, const T* of_b, auto between) {
      multiply(of_a, of_b, between);
    });
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
  SplitSquares sums;
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
      if (split_) return SplitSquares::place(entry);
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
