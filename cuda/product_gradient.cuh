// The gradient of a product's rows by one trial, from the carriers and the adjoints of all its steps, which lie in the history. A thread
// takes tiles of four rows and four units and keeps their sums over the steps.
#pragma once

#include "product_stage.cuh"

namespace tbrnn::cuda {

template <class Model, class T, int lanes>
class ProductGradient {
  using P = Product<Model>;
  using V = Number<T>;

 public:
  __device__ ProductGradient(const Shape<T>& shape, int steps, const History<T>& history)
      : shape_(shape),
        steps_(steps),
        carriers_(reinterpret_cast<const T*>(history.carrier)),
        adjoints_(reinterpret_cast<const T*>(history.adjoint)) {}

  // dS [row][columns] (+)= the gradient; `first` starts the sums
  __device__ void add(bool first, T* dS) const {
    const int units = shape_.units, across = shape_.columns() / lane_units;
    const int pairs = P::pairs ? units : 0, runs = pairs + (P::linear() ? P::targets : 0);
    int item = dev::thread();
    for (int run = 0; run < runs; ++run) {  // the pairs of a j, or the linear rows of a target
      const bool linear = run >= pairs;
      const int begin = linear ? 0 : run / lane_units, tiles = across * (across - begin);
      for (; item < tiles; item += block_threads) {
        const int k = (begin + item / across) * lane_units, i = item % across * lane_units;
        V sum[lane_units][lane_units];
        over_steps(linear ? nullptr : carriers_ + run, k, i, linear ? run - pairs : 0, sum);
        const int row = linear ? P::pair_rows(units) + (run - pairs) * units
                               : PairRows{units, false}.row(run, 0);
        put(sum, linear ? 0 : run, k, first, dS + row * shape_.columns() + i);
      }
      item -= tiles;
    }
  }

 private:
  // sum_t f_t r_k e_i of target p, without f 1
  __device__ void over_steps(const T* f, int k, int i, int p,
                             V (&sum)[lane_units][lane_units]) const {
    constexpr int units = Group<lanes>::units;  // of a step in memory
    const T *r = carriers_ + k, *e = adjoints_ + p * units + i;
    TBRNN_UNROLL
    for (int a = 0; a < lane_units; ++a) TBRNN_UNROLL
    for (int b = 0; b < lane_units; ++b) sum[a][b] = V(T(0));
    TBRNN_UNROLL_TIMES(4)
    for (int t = 0; t < steps_; ++t) {
      const Quad<T> r_k = quad_at(r + t * units), e_i = quad_at(e + t * (P::targets * units));
      const V factor(f ? f[t * units] : T(1));
      TBRNN_UNROLL
      for (int b = 0; b < lane_units; ++b) {
        const V pulled = factor * V(e_i.v[b]);
        TBRNN_UNROLL
        for (int a = 0; a < lane_units; ++a) sum[a][b] = fma(pulled, V(r_k.v[a]), sum[a][b]);
      }
    }
  }
  // Rows from k on, of which those before `begin` and behind the units do not exist.
  __device__ void put(const V (&sum)[lane_units][lane_units], int begin, int k, bool first,
                      T* to) const {
    TBRNN_UNROLL
    for (int a = 0; a < lane_units; ++a) {
      if (k + a < begin || k + a >= shape_.units) continue;
      Quad<T>& at = *reinterpret_cast<Quad<T>*>(to + (k + a) * shape_.columns());
      Quad<T> q{};
      if (!first) q = at;
      TBRNN_UNROLL
      for (int b = 0; b < lane_units; ++b) q.v[b] += sum[a][b].v;
      at = q;
    }
  }

  const Shape<T>& shape_;
  int steps_;
  const T *carriers_, *adjoints_;  // [time][units of the lanes], [time][target][units of the lanes]
};

template <class Model, class T, int lanes>
__device__ TBRNN_CALLED void add_product_gradient(const Shape<T>& shape, int steps,
                                                  const History<T>& history, bool first, T* dS) {
  ProductGradient<Model, T, lanes>(shape, steps, history).add(first, dS);
}

}  // namespace tbrnn::cuda
