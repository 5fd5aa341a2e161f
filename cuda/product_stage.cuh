// The product stage of one trial. The first warp has the units: it gives their carriers, or their adjoints, to the other warps, which
// follow it step by step and do nothing but multiply with the weights:
//
//   y_i = sum_row S_row,i p_row    a thread has a quad of units and some segments of rows; the shares of a warp are added by shuffles
//   A_row = sum_i S_row,i e_i      a thread has some rows; or where they are many the same threads as above, and the rows of a quad are
//                                  added over the units by shuffles
//   g_j = sum_k A_jk r_k           who has A_jk multiplies, the first warp adds
//
// A thread holds its first weights in registers, all of them in small networks; it reads the others in every step, from shared memory where
// they fit.
#pragma once

#include "block_sum.cuh"
#include "product_pulls.cuh"
#include "product_sums.cuh"

namespace tbrnn::cuda {

template <class Model, class T, int lanes>
class ProductStage {
  using P = Product<Model>;
  using V = Number<T>;
  using Memory = ProductMemory<Model, T, lanes>;
  static constexpr int targets = P::targets, row = Group<lanes>::units, run = Segments<Model>::run;
  static constexpr int of_warp = 32 / lanes, slices = (warps - 1) * of_warp;  // of the segments
  static constexpr int of_slice = (Segments<Model>{row}.count() + slices - 1) / slices;
  static constexpr int most_held = (sizeof(T) == 8 ? 3 : 10) / (targets * run);
  static constexpr int held = of_slice < most_held ? of_slice : most_held;
  // Where the registers hold all pairs, they hold whole rows of these for the adjoint.
  static constexpr bool by_row = P::pairs && held == of_slice;

 public:
  static constexpr int resident =  // blocks that the registers of a multiprocessor suffice for
      sizeof(T) == 4 && held == of_slice && held * targets * run <= 6 ? 2 : 1;
  static bool holds_all(const Shape<T>& shape) {
    return Segments<Model>{shape.units}.count() <= held * slices;
  }
  static std::size_t bytes(const Shape<T>& shape, bool with_weights) {
    return Memory::begin + sizeof(Memory) + (with_weights ? bytes_of_weights(shape) : 0);
  }

  // The weights lie in `packed`, and where there is room for them in shared memory too.
  __device__ ProductStage(const Shape<T>& shape, const T* packed)
      : shape_(shape),
        segments_(same_in_warp(Segments<Model>{shape.units}.count())),
        weights_(has_room() ? weights_inside() : packed) {}

  // Once, by all threads, before anything else.
  __device__ void prepare() const {
    T* const all = reinterpret_cast<T*>(&memory());
    for (int i = dev::thread(); i < static_cast<int>(sizeof(Memory) / sizeof(T));
         i += block_threads)
      all[i] = T(0);
    dev::block_barrier();
    if (dev::thread() == 0) memory().carriers()[-1] = T(1);
    if (dev::thread() < 2 * Memory::steps_at_once)
      memory().steps[dev::thread() % 2][dev::thread() / 2].prepare();
    const Segments<Model> segments{shape_.units};
    for (int k = dev::thread() * lane_units; k < shape_.units; k += block_threads * lane_units)
      for (int i = 0; i < segments.of_quad(k); ++i)
        memory().segment[segments.before(k) + i] = {
            static_cast<signed char>(Segments<Model>::first + i * run),
            static_cast<unsigned char>(k)};
    dev::block_barrier();
  }
  // By all threads, when they are packed.
  __device__ void take_weights(const T* packed) const {
    if (!has_room()) return;
    const int count = shape_.product_rows * shape_.columns();
    for (int i = dev::thread() * lane_units; i < count; i += block_threads * lane_units)
      *reinterpret_cast<Quad<T>*>(weights_inside() + i) = quad_at(packed + i);
    dev::block_barrier();
  }

  __device__ bool leads() const { return same_in_warp(warp()) == 0; }

  // The first warp gives r of unit n, then everybody meets, then the shares of y are there.
  __device__ static void send(int n, V r) { memory().carriers()[n] = r.v; }
  __device__ static void meet() { dev::barrier_of_roles(); }
  __device__ static V product(int target, int n) {
    T share[warps] = {};
    TBRNN_UNROLL
    for (int i = 0; i < warps - 1; ++i) share[i] = memory().y[i][target][n];
    TBRNN_UNROLL
    for (int apart = warps / 2; apart; apart /= 2) TBRNN_UNROLL
    for (int i = 0; i < apart; ++i) share[i] += share[i + apart];
    return V(share[0]);
  }
  __device__ void follow_forward(int steps) const {
    const Held own = hold(false);
    follow(steps, [&] { multiply(own); });
  }

  // The first warp gives e and r of unit n, then everybody meets, then the shares of g are there.
  __device__ static void send_adjoint(int target, int n, V e) { memory().e[target][n] = e.v; }
  __device__ static V pulled(int n) {
    const auto& g = memory().g;
    T sum[lane_units] = {};
    if constexpr (P::pairs) {
      constexpr int end = row + (P::linear() ? lane_units : 0);
      TBRNN_UNROLL
      for (int k = 0; k < end; k += lane_units) {
        const Quad<T> share = quad_at(&g[n][k]);
        TBRNN_UNROLL
        for (int i = 0; i < lane_units; ++i) sum[i] += share.v[i];
      }
    } else {
      TBRNN_UNROLL
      for (int target = 0; target < targets; ++target) sum[target] = g[target][n];
    }
    return V(sum[0] + sum[1] + (sum[2] + sum[3]));
  }
  __device__ void follow_backward(int steps) const {
    if constexpr (by_row) {
      const PairPulls<Model, T, lanes> own(shape_, weights_);
      follow(steps, [&] { own.share_out(); });
    } else {
      const Held own = hold(true);
      follow(steps, [&] { multiply_adjoint(own); });
    }
  }

 private:
  template <class Use>
  __device__ static void follow(int steps, Use use) {
    for (int t = 0; t < steps; ++t) {
      meet();
      use();
      meet();
    }
  }

  // The weights of a thread's first segments, 0 where there are none; in each run four rows, for the adjoint number k at k ^ (l % 4).
  struct Held {
    Quad<T> w[held ? held : 1][targets][run][lane_units];
    Segment at[held ? held : 1];
  };
  __device__ Held hold(bool adjoint) const {
    Held own{};
    TBRNN_UNROLL
    for (int m = 0; m < held; ++m) {
      if (number(m) >= segments_) continue;
      own.at[m] = memory().segment[number(m)];
      TBRNN_UNROLL
      for (int target = 0; target < targets; ++target)
        read(own.at[m], target, adjoint ? turn() : 0, own.w[m][target]);
    }
    return own;
  }

  // From the carriers to the shares of the warps.
  __device__ void multiply(const Held& own) const {
    V sum[targets][lane_units];
    TBRNN_UNROLL
    for (int target = 0; target < targets; ++target) TBRNN_UNROLL
    for (int i = 0; i < lane_units; ++i) sum[target][i] = V(T(0));
    TBRNN_UNROLL
    for (int m = 0; m < held; ++m) add(own.at[m], own.w[m], sum);
    for (int m = held; m < of_slice && number(m) < segments_; ++m) {
      Quad<T> w[targets][run][lane_units];
      const Segment at = memory().segment[number(m)];
      TBRNN_UNROLL
      for (int target = 0; target < targets; ++target) read(at, target, 0, w[target]);
      add(at, w, sum);
    }
    over_slices<lanes>(sum);
    constexpr int share = lane_units / of_warp;
    TBRNN_UNROLL
    for (int target = 0; target < targets; ++target) TBRNN_UNROLL
    for (int i = 0; i < share; ++i)
      memory().y[warp() - 1][target][unit() + dev::thread() % 32 / lanes * share + i] =
          sum[target][i].v;
  }
  // From the adjoints to A.
  __device__ void multiply_adjoint(const Held& own) const {
    Quad<T> e[targets];
    TBRNN_UNROLL
    for (int target = 0; target < targets; ++target)
      e[target] = quad_at(memory().e[target] + unit());
    TBRNN_UNROLL
    for (int m = 0; m < held; ++m) pull(number(m) < segments_, own.at[m], own.w[m], e);
    for (int m = held; m < of_slice && first_number(m) < segments_; ++m) {
      Quad<T> w[targets][run][lane_units];
      const bool exists = number(m) < segments_;  // all lanes of a warp shuffle
      const Segment at = memory().segment[exists ? number(m) : 0];
      TBRNN_UNROLL
      for (int target = 0; target < targets; ++target) read(at, target, turn(), w[target]);
      pull(exists, at, w, e);
    }
  }

  TBRNN_FN static std::size_t bytes_of_weights(const Shape<T>& shape) {
    return sizeof(T) * static_cast<std::size_t>(shape.product_rows * shape.columns());
  }
  __device__ static Memory& memory() { return Memory::of_block(); }
  __device__ static T* weights_inside() { return reinterpret_cast<T*>(&memory() + 1); }
  __device__ bool has_room() const {
    return dev::shared_bytes() >= Memory::begin + sizeof(Memory) + bytes_of_weights(shape_);
  }
  __device__ static int unit() { return Group<lanes>::unit(0); }
  __device__ static int turn() { return dev::thread() % lane_units; }
  __device__ static int warp() { return dev::thread() / 32; }
  // Of a thread's segment m, and of the first that its warp has.
  __device__ static int number(int m) { return m * slices + dev::thread() / lanes - of_warp; }
  __device__ static int first_number(int m) { return m * slices + warp() * of_warp - of_warp; }

  __device__ bool exists(int j, int k) const { return (!P::pairs || j <= k) && k < shape_.units; }
  __device__ int row_of(int target, int j, int k) const {
    if (!P::pairs) return target * shape_.units + k;
    return j < 0 ? P::pair_rows(shape_.units) + k : PairRows{shape_.units, false}.row(j, k);
  }
  __device__ void read(Segment at, int target, int turn, Quad<T> (&w)[run][lane_units]) const {
    TBRNN_UNROLL
    for (int i = 0; i < run; ++i) TBRNN_UNROLL
    for (int a = 0; a < lane_units; ++a) {
      const int j = at.j + i, k = at.k + (a ^ turn);
      w[i][a] = exists(j, k) && unit() < shape_.columns()
                    ? quad_at(weights_ + row_of(target, j, k) * shape_.columns() + unit())
                    : Quad<T>{};
    }
  }
  // sum += w p
  __device__ static void add(Segment at, const Quad<T> (&w)[targets][run][lane_units],
                             V (&sum)[targets][lane_units]) {
    const T* const r = memory().carriers();
    const Quad<T> r_k = quad_at(r + at.k);
    TBRNN_UNROLL
    for (int i = 0; i < run; ++i) TBRNN_UNROLL
    for (int a = 0; a < lane_units; ++a) {
      const V p(P::pairs ? r[at.j + i] * r_k.v[a] : r_k.v[a]);
      TBRNN_UNROLL
      for (int target = 0; target < targets; ++target) TBRNN_UNROLL
      for (int b = 0; b < lane_units; ++b)
        sum[target][b] = fma(V(w[target][i][a].v[b]), p, sum[target][b]);
    }
  }
  // A of the rows of a segment, those of a quad in four lanes.
  __device__ void pull(bool any, Segment at, const Quad<T> (&w)[targets][run][lane_units],
                       const Quad<T> (&e)[targets]) const {
    TBRNN_UNROLL
    for (int target = 0; target < targets; ++target) {
      V A[run][lane_units];
      TBRNN_UNROLL
      for (int i = 0; i < run; ++i) TBRNN_UNROLL
      for (int a = 0; a < lane_units; ++a) {
        A[i][a] = V(w[target][i][a].v[0]) * V(e[target].v[0]);
        TBRNN_UNROLL
        for (int b = 1; b < lane_units; ++b)
          A[i][a] = fma(V(w[target][i][a].v[b]), V(e[target].v[b]), A[i][a]);
      }
      over_units<lanes>(A);
      if (!any || Group<lanes>::lane() >= lane_units) continue;
      const int k = at.k + turn(), last = k < shape_.units ? P::pairs ? k - at.j : 0 : -1;
      if constexpr (P::pairs) {
        const T* const r = memory().carriers();
        T to_j[run], to_k[run];
        TBRNN_UNROLL
        for (int i = 0; i < run; ++i) {
          const T twice = i == last ? 2 * A[i][0].v : A[i][0].v;  // the diagonal
          to_j[i] = twice * r[k];
          to_k[i] = twice * r[at.j + i];
        }
        TBRNN_UNROLL
        for (int i = 0; i < run; ++i)
          if (i <= last) memory().give(at.j + i, k, to_j[i], to_k[i]);
      } else if (last >= 0) {
        memory().g[target][k] = A[0][0].v;
      }
    }
  }

  const Shape<T>& shape_;
  const int segments_;
  const T* const weights_;
};

}  // namespace tbrnn::cuda
