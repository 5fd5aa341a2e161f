// The gradient of a network with a product stage by one trial, from what all of its steps have left in the history. A thread takes tiles
// of four rows and eight units and keeps their sums over the steps:
//
//   dS_jk,i = sum_t r_j r_k e_i     dQ_ic = sum_t e_i u_c     dP_ik = sum_t out_i d_o_k     and the biases, whose sender is 1
#pragma once

#include "product_channels.cuh"

namespace tbrnn::cuda {

template <class T>
__device__ const Quad<T> unity[2] = {{{T(1), T(0), T(0), T(0)}}, {}};

template <class Model, class T, int lanes>
class ProductGradient {
  using P = Product<Model>;
  using V = Number<T>;
  static constexpr int wide = 2 * lane_units;
  using Tile = V[lane_units][wide];
  static constexpr int row = Group<lanes>::units, targets = P::targets;  // of a step in memory

 public:
  // `first` starts the sums
  __device__ ProductGradient(const Shape<T>& shape, int steps, const History<T>& history,
                             bool first, const Packed<T>& d)
      : shape_(shape),
        steps_(steps),
        first_(first),
        carriers_(reinterpret_cast<const T*>(history.carrier)),
        adjoints_(reinterpret_cast<const T*>(history.adjoint)),
        d_(d) {}

  __device__ void add(Rows<const T> inputs, Rows<const T> out, Rows<const T> d_o) {
    add_product();
    const int units = shape_.units, in = shape_.inputs, readouts = shape_.readouts;
    const auto e = [&](int p) { return Rows<const T>{adjoints_ + p * row, targets * row}; };
    const Rows<const T> one{unity<T>[0].v, 0};
    for (int p = 0; p < targets; ++p) {
      add_outer(inputs, in, e(p), units, d_.drive + p * in, 1, targets * in);
      add_outer(one, 1, e(p), units, d_.bias + p, 1, targets);
    }
    add_outer(d_o, readouts, out, units, d_.gather, 1, readouts);
    add_outer(d_o, readouts, one, 1, d_.b_out, 1, 1);
  }

 private:
  // The tiles of a product with so many of them that are this thread's; one product follows the other.
  template <class Use>
  __device__ void each_tile(int tiles, Use use) {
    for (; next_ < tiles; next_ += block_threads) use(next_);
    next_ -= tiles;
  }
  // dS [row][columns] (+)= the gradient
  __device__ void add_product() {
    const int units = shape_.units, columns = shape_.columns(),
              across = (columns + wide - 1) / wide;
    const int pairs = P::pairs ? units : 0, runs = pairs + (P::linear() ? targets : 0);
    for (int run = 0; run < runs; ++run) {  // the pairs of a j, or the linear rows of a target
      const bool linear = run >= pairs;
      const int begin = linear ? 0 : run / lane_units;
      const T* const e = adjoints_ + (linear ? run - pairs : 0) * row;
      const int to =
          linear ? P::pair_rows(units) + (run - pairs) * units : PairRows{units, false}.row(run, 0);
      each_tile(across * (columns / lane_units - begin), [&](int item) {
        const int k = (begin + item / across) * lane_units, i = item % across * wide;
        Tile sum;
        if (P::pairs && !linear)
          over_steps<true>(carriers_ + run, carriers_ + k, row, e + i, targets * row, sum);
        else
          over_steps<false>(nullptr, carriers_ + k, row, e + i, targets * row, sum);
        put_rows(sum, linear ? 0 : run, k, i, d_.product + to * columns);
      });
    }
  }
  // to [a + b] (+)= sum_t a_t b_t
  __device__ void add_outer(Rows<const T> a, int count_a, Rows<const T> b, int count_b, T* to,
                            int stride_a, int stride_b) {
    const int across = (count_b + wide - 1) / wide;
    each_tile(whole_quads(count_a) / lane_units * across, [&](int item) {
      const int k = item / across * lane_units, i = item % across * wide;
      Tile sum;
      over_steps<false>(nullptr, a.at + k, a.stride, b.at + i, b.stride, sum);
      TBRNN_UNROLL
      for (int x = 0; x < lane_units; ++x) TBRNN_UNROLL
      for (int y = 0; y < wide; ++y) {
        if (k + x >= count_a || i + y >= count_b) continue;
        T& at = to[(k + x) * stride_a + (i + y) * stride_b];
        at = first_ ? sum[x][y].v : at + sum[x][y].v;
      }
    });
  }
  // sum_t f_t r_t e_t of four r and eight e, or without f
  template <bool pairs>
  __device__ void over_steps(const T* f, const T* r, int of_r, const T* e, int of_e,
                             Tile& sum) const {
    TBRNN_UNROLL
    for (int a = 0; a < lane_units; ++a) TBRNN_UNROLL
    for (int b = 0; b < wide; ++b) sum[a][b] = V(T(0));
    TBRNN_UNROLL_TIMES(4)
    for (int t = 0; t < steps_; ++t, r += of_r, e += of_e, f += pairs ? row : 0) {
      const Quad<T> r_t = quad_at(r), e_t[2] = {quad_at(e), quad_at(e + lane_units)};
      const V factor(pairs ? *f : T(1));
      TBRNN_UNROLL
      for (int a = 0; a < lane_units; ++a) {
        const V p = pairs ? factor * V(r_t.v[a]) : V(r_t.v[a]);
        TBRNN_UNROLL
        for (int b = 0; b < wide; ++b)
          sum[a][b] = fma(p, V(e_t[b / lane_units].v[b % lane_units]), sum[a][b]);
      }
    }
  }
  // Rows from k on, of which those before `begin` and behind the units do not exist, and units from i on.
  __device__ void put_rows(const Tile& sum, int begin, int k, int i, T* to) const {
    const int columns = shape_.columns();
    TBRNN_UNROLL
    for (int a = 0; a < lane_units; ++a) {
      if (k + a < begin || k + a >= shape_.units) continue;
      TBRNN_UNROLL
      for (int b = 0; b < wide; b += lane_units) {
        if (i + b >= columns) continue;
        Quad<T>& at = *reinterpret_cast<Quad<T>*>(to + (k + a) * columns + i + b);
        Quad<T> q{};
        if (!first_) q = at;
        TBRNN_UNROLL
        for (int c = 0; c < lane_units; ++c) q.v[c] += sum[a][b + c].v;
        at = q;
      }
    }
  }

  const Shape<T>& shape_;
  const int steps_;
  const bool first_;
  const T *carriers_, *adjoints_;  // [time][units of the lanes], [time][target][units of the lanes]
  const Packed<T>& d_;
  int next_ = dev::thread();
};

template <class Model, class T, int lanes>
__device__ TBRNN_CALLED void add_product_gradient(const Shape<T>& shape, int steps,
                                                  const History<T>& history, Rows<const T> inputs,
                                                  Rows<const T> out, Rows<const T> d_o, bool first,
                                                  const Packed<T>& d) {
  ProductGradient<Model, T, lanes>(shape, steps, history, first, d).add(inputs, out, d_o);
}

}  // namespace tbrnn::cuda
