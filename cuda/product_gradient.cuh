// The gradient of a network with a product stage by one trial, from what all of its steps have left in the history:
//
//   dS_jk,i = sum_t r_j r_k e_i     dQ_ic = sum_t e_i u_c     dP_ik = sum_t out_i d_o_k     and the biases, whose sender is 1
//
// The steps pass through shared memory some at a time, the next on their way while the block works. A thread has a tile of one of these
// products, some rows and some units, and keeps its sums over the steps.
#pragma once

#include "product_channels.cuh"
#include "product_stage.cuh"

namespace tbrnn::cuda {

template <class Model, class T, int lanes>
class ProductGradient {
  using P = Product<Model>;
  using V = Number<T>;
  using Memory = ProductMemory<Model, T, lanes>;
  using Step = typename Memory::Step;
  static constexpr int row = Step::row, targets = P::targets, at_once = Memory::steps_at_once;
  // Of pairs three neighbours j with three k, so that thirty units have no more tiles than a block has threads.
  static constexpr int runs = P::pairs ? 3 : 1, run = P::pairs ? 3 : lane_units, tall = runs * run;
  static constexpr int wide = P::pairs && sizeof(T) == 8 ? lane_units : 2 * lane_units;

 public:
  // `first` starts the sums
  __device__ ProductGradient(const Shape<T>& shape, int steps, bool first, const Packed<T>& d)
      : shape_(shape), steps_(same_in_warp(steps)), first_(first), d_(d) {}

  // Where the steps are; in shared memory, since the registers are for the sums.
  __device__ void take(const History<T>& history, Rows<const T> inputs, Rows<const T> out,
                       Rows<const T> d_o) const {
    if (dev::thread()) return;
    const int readouts = shape_.readouts;
    const auto quads = [](int numbers) { return whole_quads(numbers) / lane_units; };
    auto& sources = Memory::of_block().sources;
    sources[0] = {reinterpret_cast<const T*>(history.carrier), row, lanes, Step::r};
    sources[1] = {reinterpret_cast<const T*>(history.adjoint), targets * row, targets * lanes,
                  Step::e};
    sources[2] = {inputs.at, inputs.stride, quads(shape_.inputs), Step::inputs};
    sources[3] = {d_o.at, d_o.stride, quads(readouts), Step::d_o};
    sources[4] = {out.at, out.stride, readouts ? lanes : 0, Step::out};
  }

  __device__ void add() const {
    const int tiles = same_in_warp(count());
    for (int first = 0; first < tiles; first += block_threads) {
      const int item = first + dev::thread();
      V sum[tall][wide];
      over_steps(item, sum);
      if (item < tiles) put(find(item), sum);
    }
  }

 private:
  // sum_t a_i b_k, of which a and b lie in a step. With a bias the first a is the 1 before them.
  struct Outer {
    int a, count_a, b, count_b;
    T* to;
    int stride_a, stride_b;
    T* bias;
  };
  static constexpr int matrices = P::linear() ? targets : 0, outers = matrices + targets + 2;

  __device__ Outer outer(int number) const {
    const int units = shape_.units, columns = shape_.columns(), in = shape_.inputs,
              readouts = shape_.readouts, p = number % targets, e = Step::e + p * row;
    if (number < matrices) {
      T* const to = d_.product + (P::pair_rows(units) + p * units) * columns;
      return {Step::r, units, e, columns, to, columns, 1, nullptr};
    }
    number -= matrices;
    if (number < targets)
      return {Step::inputs - 1, 1 + in, e, units, d_.drive + p * in, 1, targets * in, d_.bias + p};
    if (number == targets)
      return {Step::d_o, readouts, Step::out, units, d_.gather, 1, readouts, nullptr};
    return {Step::d_o, readouts, Step::one, 1, d_.b_out, 1, 1, nullptr};
  }

  // Where a tile begins, and its number among the tiles of its product.
  struct Tile {
    int outer, j, a, b;  // outer -1: of pairs, with a the first k; `outers`: none
  };
  __device__ static int tiles_across(int columns) { return (columns + wide - 1) / wide; }
  __device__ static int tiles_of(const Outer& o) {
    return (o.count_a + tall - 1) / tall * tiles_across(o.count_b);
  }
  __device__ int tiles_of_pairs(int k) const {
    return (k / run + 1) * tiles_across(shape_.columns());
  }
  __device__ int count() const {
    int tiles = 0;
    if constexpr (P::pairs)
      for (int k = 0; k < shape_.units; k += run) tiles += tiles_of_pairs(k);
    for (int number = 0; number < outers; ++number) tiles += tiles_of(outer(number));
    return tiles;
  }
  __device__ Tile find(int item) const {
    if constexpr (P::pairs) {
      const int across = tiles_across(shape_.columns());
      for (int k = 0; k < shape_.units; item -= tiles_of_pairs(k), k += run)
        if (item < tiles_of_pairs(k)) return {-1, item / across * runs, k, item % across * wide};
    }
    int number = 0;
    for (; number < outers; item -= tiles_of(outer(number)), ++number) {
      const int across = tiles_across(outer(number).count_b);
      if (item < tiles_of(outer(number)))
        return {number, 0, item / across * tall, item % across * wide};
    }
    return {number, 0, 0, 0};
  }

  // sum_t f_t a_t b_t, with f the carriers j of pairs, else 1.
  __device__ void over_steps(int item, V (&sum)[tall][wide]) const {
    TBRNN_UNROLL
    for (int i = 0; i < tall; ++i) TBRNN_UNROLL
    for (int k = 0; k < wide; ++k) sum[i][k] = V(T(0));
    const Tile tile = find(item);
    const bool pairs = tile.outer < 0, exists = tile.outer < outers;
    const Outer o = outer(pairs || !exists ? 0 : tile.outer);
    const int a = tile.a + (pairs ? Step::r : o.a), next_a = pairs ? 0 : run,
              b = tile.b + (pairs ? Step::e : o.b), f = pairs ? Step::r + tile.j : Step::one,
              next_f = pairs ? 1 : 0;
    dev::block_barrier();  // the sources are there, and the steps before are done with
    fetch(0);
    for (int begin = 0; begin < steps_; begin += at_once) {
      dev::copies_arrive_but<0>();
      dev::block_barrier();  // the steps are there, and those before are done with
      fetch(begin + at_once);
      if (!exists) continue;
      const T* step = staged(begin)->at;
      const int left = steps_ - begin, count = left < at_once ? left : at_once;
      TBRNN_UNROLL_TIMES(2)
      for (int s = 0; s < count; ++s, step += Step::size) {
        Quad<T> b_t[wide / lane_units];
        TBRNN_UNROLL
        for (int q = 0; q < wide / lane_units; ++q) b_t[q] = quad_at(step + b + q * lane_units);
        TBRNN_UNROLL
        for (int i = 0; i < tall; ++i) {
          V a_t(step[a + i / run * next_a + i % run]);
          if constexpr (P::pairs) a_t = V(step[f + i / run * next_f]) * a_t;
          TBRNN_UNROLL
          for (int k = 0; k < wide; ++k)
            sum[i][k] = fma(a_t, V(b_t[k / lane_units].v[k % lane_units]), sum[i][k]);
        }
      }
    }
  }
  // The steps from `begin` on, as many as there are.
  __device__ void fetch(int begin) const {
    const int left = steps_ - begin, count = left < at_once ? left : at_once;
    for (int s = Group<lanes>::trial(); s < count; s += Group<lanes>::trials)
      for (const auto& [rows, stride, quads, place] : Memory::of_block().sources)
        for (int k = Group<lanes>::unit(0); k < quads * lane_units; k += row)
          dev::copy_ahead(
              reinterpret_cast<const Quad<T>*>(Rows<const T>{rows, stride}.step(begin + s) + k),
              reinterpret_cast<Quad<T>*>(staged(begin)[s].at + place + k));
    dev::close_copies();
  }
  __device__ static Step* staged(int begin) {
    return Memory::of_block().steps[begin / at_once % 2];
  }

  // to (+)= the sums, of a row of the product stage by quads
  __device__ void put(const Tile& tile, const V (&sum)[tall][wide]) const {
    const int columns = shape_.columns(), units = shape_.units;
    const bool pairs = tile.outer < 0;
    const Outer o = outer(pairs ? 0 : tile.outer);
    TBRNN_UNROLL
    for (int i = 0; i < tall; ++i) {
      const int j = tile.j + i / run, k = tile.a + i % run, a = tile.a + i - (o.bias != nullptr);
      if (pairs ? j > k || k >= units : tile.a + i >= o.count_a) continue;
      T* const to = pairs   ? d_.product + PairRows{units, false}.row(j, k) * columns
                    : a < 0 ? o.bias
                            : o.to + a * o.stride_a;
      if (pairs || tile.outer < matrices) {
        TBRNN_UNROLL
        for (int q = 0; q < wide; q += lane_units)
          if (tile.b + q < columns) put_quad(sum[i], q, to + tile.b + q);
      } else {
        const int stride = a < 0 ? targets : o.stride_b;
        TBRNN_UNROLL
        for (int b = 0; b < wide; ++b)
          if (tile.b + b < o.count_b) put_one(sum[i][b], to[(tile.b + b) * stride]);
      }
    }
  }
  __device__ void put_quad(const V (&sum)[wide], int q, T* to) const {
    Quad<T>& at = *reinterpret_cast<Quad<T>*>(to);
    Quad<T> total{};
    if (!first_) total = at;
    TBRNN_UNROLL
    for (int i = 0; i < lane_units; ++i) total.v[i] += sum[q + i].v;
    at = total;
  }
  __device__ void put_one(V sum, T& at) const { at = first_ ? sum.v : at + sum.v; }

  const Shape<T>& shape_;
  const int steps_;
  const bool first_;
  const Packed<T>& d_;
};

template <class Model, class T, int lanes>
__device__ TBRNN_CALLED void add_product_gradient(const Shape<T>& shape, int steps,
                                                  const History<T>& history, Rows<const T> inputs,
                                                  Rows<const T> out, Rows<const T> d_o, bool first,
                                                  const Packed<T>& d) {
  const ProductGradient<Model, T, lanes> gradient(shape, steps, first, d);
  gradient.take(history, inputs, out, d_o);
  gradient.add();
}

}  // namespace tbrnn::cuda
