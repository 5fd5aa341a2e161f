// The squares of matrix_gradient.cuh by split products: a warp takes 64 x 32 of the 128 x 128 weights, a lane 64 of their sums.
#pragma once

#include "split.cuh"
#include "staged_rows.cuh"

namespace tbrnn::cuda {

// The functions are those of SquareSums.
class SplitSquares {
  using S = Staged<float>;

 public:
  __device__ SplitSquares() {
    TBRNN_UNROLL
    for (int m = 0; m < down; ++m) TBRNN_UNROLL
    for (int n = 0; n < across; ++n) TBRNN_UNROLL
    for (int i = 0; i < 4; ++i) sum_[m][n][i] = 0;
  }

  // += the products of the steps begin ... end - 1
  template <class A, class B>
  __device__ void add(const A& a, const B& b, int begin, int end) {
    each_turn<float>(a, b, begin, end, [&](const float* of_a, const float* of_b, auto between) {
      multiply(of_a, of_b, between);
    });
  }

  // As place() finds them again.
  __device__ void save(float* to) const {
    TBRNN_UNROLL
    for (int m = 0; m < down; ++m) TBRNN_UNROLL
    for (int n = 0; n < across; ++n) TBRNN_UNROLL
    for (int i = 0; i < 4; ++i)
      to[((m * across + n) * 4 + i) * block_threads + dev::thread()] = sum_[m][n][i];
  }
  __device__ static MatrixSquares::Place place(int entry) {
    const int thread = entry % block_threads, lane = thread % 32, sum = entry / block_threads,
              i = sum % 4, m = sum / 4 / across, n = sum / 4 % across;
    return {first_row(thread) + m * 16 + i / 2 * 8 + row(lane / 4),
            first_column(thread) + n * 8 + row(lane % 4 * 2 + i % 2)};
  }

 private:
  static constexpr int down = 4, across = 4;   // products of a warp, each of 16 x 8 sums
  static constexpr int depth = S::trials / 8;  // and 8 trials
  static_assert(block_threads == 256 && S::trials == 4 * lane_units);

  __device__ static int first_row(int thread) { return thread / 32 % 2 * 64; }
  __device__ static int first_column(int thread) { return thread / 64 * 32; }
  // Of eight: the banks keep it and the next apart.
  __device__ static int row(int i) { return i % 2 * 4 + i / 2; }

  // Two of the four trials that a lane reads of a row are in each product. between(): as in SquareSums
  template <class Between>
  __device__ void multiply(const float* a, const float* b, Between between) {
    const int mine = row(lane() / 4) * S::stride + lane() % 4 * lane_units;
    a += first_row(dev::thread()) * S::stride + mine;
    b += first_column(dev::thread()) * S::stride + mine;
    Split<2> of_b[depth][across];
    TBRNN_UNROLL
    for (int n = 0; n < across; ++n) {
      const Quad<float> q = quad_at(b + n * 8 * S::stride);
      TBRNN_UNROLL
      for (int k = 0; k < depth; ++k) of_b[k][n] = Split<2>({q.v[2 * k], q.v[2 * k + 1]});
    }
    TBRNN_UNROLL
    for (int m = 0; m < down; ++m) {
      const Quad<float> p = quad_at(a + m * 16 * S::stride),
                        q = quad_at(a + (m * 16 + 8) * S::stride);
      Split<4> of_a[depth];
      TBRNN_UNROLL
      for (int k = 0; k < depth; ++k)
        of_a[k] = Split<4>({p.v[2 * k], q.v[2 * k], p.v[2 * k + 1], q.v[2 * k + 1]});
      if (m == 0) between();
      float of_turn[across][4] = {};
      add_products(of_turn, of_a, of_b);
      TBRNN_UNROLL
      for (int n = 0; n < across; ++n) TBRNN_UNROLL
      for (int i = 0; i < 4; ++i) sum_[m][n][i] += of_turn[n][i];
    }
  }

  float sum_[down][across][4];
};

}  // namespace tbrnn::cuda
