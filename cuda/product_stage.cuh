// The product stage of one trial. The first warp goes through the channels, the leak and the noise of the trial (forward.cuh, backward.cuh)
// and gives the carriers, or their adjoints, to the other warps, which follow it step by step and do nothing but multiply with the weights:
//
//   y   a thread has a quad of units and some quads of rows; the shares of a warp are added by shuffles, then the warps in order
//   A   the same threads and weights: the rows of a quad are added over the units by shuffles
//
// A thread holds its first weights in registers, all of them in small networks; it reads the others in every step, from shared memory where
// they fit.
#pragma once

#include "product.cuh"
#include "reduce.cuh"

namespace tbrnn::cuda {

// The sums over a group of the values of its lanes, that of row l % 4 in lane l. Lane l has row k at k, or where `turned` at k ^ (l % 4),
// which saves the choices.
template <int lanes, bool turned, class T>
__device__ T over_group(Number<T> (&value)[lane_units]) {
  TBRNN_UNROLL
  for (int apart = lane_units / 2; apart; apart /= 2) {
    const bool swaps = !turned && Group<lanes>::lane() & apart;
    TBRNN_UNROLL
    for (int i = 0; i < apart; ++i) {
      const Number<T> mine = swaps ? value[i + apart] : value[i],
                      theirs = swaps ? value[i] : value[i + apart];
      value[i] = mine + Number<T>(dev::shuffle_xor(all_lanes, theirs.v, apart));
    }
  }
  T sum = value[0].v;
  TBRNN_UNROLL
  for (int apart = lane_units; apart < lanes; apart *= 2)
    sum += dev::shuffle_xor(all_lanes, sum, apart);
  return sum;
}

template <class Model, class T, int lanes>
class ProductStage {
  using P = Product<Model>;
  using V = Number<T>;
  using Memory = ProductMemory<Model, T>;
  using Tile = TileMemory<T, lanes>;

 public:
  static std::size_t bytes(const Shape<T>& shape, bool with_weights) {
    const Memory memory(shape, nullptr);
    return begin + (with_weights ? memory.bytes : memory.bytes_before_weights);
  }

  // The weights lie in shared memory, or where there is no room for them in `other`.
  __device__ ProductStage(const Shape<T>& shape, T* other)
      : shape_(shape),
        warp_(same_in_warp(dev::thread() / 32)),
        rows_(same_in_warp(P::rows_of_target(shape.units))),
        memory_(shape, dev::shared_memory<unsigned char>() + begin),
        weights_(dev::shared_bytes() >= begin + memory_.bytes ? memory_.weights : other) {}

  __device__ T* weights() const { return weights_; }
  __device__ bool leads() const { return warp_ == 0; }
  // Once, by all threads, before anything else.
  __device__ void prepare() const {
    const int count = static_cast<int>(memory_.bytes_before_weights / sizeof(T));
    for (int i = dev::thread(); i < count; i += block_threads) memory_.r[i] = T(0);
    dev::block_barrier();
    if constexpr (P::pairs)
      for (int j = 0; j < shape_.units; ++j)
        for (int k = j + dev::thread(); k < shape_.units; k += block_threads)
          memory_.pair[PairRows{shape_.units, false}.row(j, k)] = {static_cast<unsigned char>(j),
                                                                   static_cast<unsigned char>(k)};
    dev::block_barrier();
  }

  // The first warp gives the carriers, and y of the lane's units comes back.
  __device__ void start(const V (&carrier)[lane_units]) const {
    put(carrier, memory_.r);
    spread();
  }
  __device__ void drive(V (&y)[P::targets][lane_units]) const {
    meet_with_y();
    const int unit = Group<lanes>::unit(0);
    TBRNN_UNROLL
    for (int target = 0; target < P::targets; ++target) {
      TBRNN_UNROLL
      for (int i = 0; i < lane_units; ++i) y[target][i] = V(T(0));
      TBRNN_UNROLL
      for (int warp = 1; warp < warps; ++warp) {
        const Quad<T> part = quad_at(&Tile::partial(warp, target, unit));
        TBRNN_UNROLL
        for (int i = 0; i < lane_units; ++i) y[target][i] = y[target][i] + V(part.v[i]);
      }
    }
  }
  __device__ void follow_forward(int steps) const {
    const Held held = hold();
    for (int t = 0; t < steps; ++t) {
      spread();
      multiply(held);
      meet_with_y();
    }
  }

  // The first warp gives e, then the carriers of the step, and g of the lane's units comes back.
  __device__ void start_adjoint(const V (&e)[lane_units]) const {
    put(e, memory_.e);
    meet_with_e();
  }
  __device__ void start_adjoint(const V (&e)[P::targets][lane_units]) const
      requires(P::targets > 1) {
    TBRNN_UNROLL
    for (int target = 0; target < P::targets; ++target)
      put(e[target], memory_.e + target * shape_.columns());
    meet_with_e();
  }
  __device__ void pull(const V (&carrier)[lane_units], V (&g)[lane_units]) const {
    if constexpr (P::pairs) put(carrier, memory_.r);
    spread_adjoint();
    TBRNN_UNROLL
    for (int i = 0; i < lane_units; ++i) g[i] = pulled(Group<lanes>::unit(i));
  }
  __device__ void follow_backward(int steps) const {
    const Held held = hold();
    for (int t = 0; t < steps; ++t) {
      meet_with_e();
      multiply_adjoint(held);
      spread_adjoint();
    }
  }

 private:
  static constexpr std::size_t begin = (bytes_of_tile<T> + 15) / 16 * 16;     // of the memory
  static constexpr int of_warp = 32 / lanes, slices = (warps - 1) * of_warp;  // of the quads
  // Of a target, as many as leave a kernel its registers.
  static constexpr int most_held = (sizeof(T) == 8 ? 2
                                    : lanes == 16  ? 3
                                                   : 5) /
                                       P::targets -
                                   (P::pairs && P::linear());
  static constexpr int most_quads =
      P::pairs ? most_held : (lanes + slices - 1) / slices;  // of a slice
  static constexpr int held_quads = most_quads < most_held ? most_quads : most_held;

  struct Receivers {  // of A of a row, in the memory
    unsigned short a, b;
  };
  // What a thread has of the first quads of rows of its slice, turned; 0 where there are none.
  struct Held {
    Quad<T> w[P::targets][held_quads][lane_units];
    Receivers to[P::targets][held_quads];
  };

  // The first row of quad m of a thread's slice, and of the first slice of its warp.
  __device__ static int first_row(int m) {
    return (dev::thread() / lanes - of_warp + m * slices) * lane_units;
  }
  __device__ int first_row_of_warp(int m) const {
    return (warp_ * of_warp - of_warp + m * slices) * lane_units;
  }
  __device__ static int turn() { return dev::thread() % lane_units; }
  __device__ const T* row_of(int target, int row) const {
    return weights_ + (target * shape_.units + row) * shape_.columns();
  }
  __device__ Receivers receivers(int target, int row) const {
    const int units = shape_.units, columns = shape_.columns(), pairs = P::pair_rows(units);
    const auto at = [&](const T* to, int i) {
      return static_cast<unsigned short>(to + i - memory_.r);
    };
    if (row >= pairs) {
      const auto to = at(memory_.linear, target * units + row - pairs);
      return {to, to};
    }
    const auto [j, k] = memory_.pair[row];
    return {at(memory_.square, j * columns + k), at(memory_.square, k * columns + j)};
  }
  __device__ Held hold() const {
    const int unit = Group<lanes>::unit(0), rows = rows_;
    Held held{};
    TBRNN_UNROLL
    for (int target = 0; target < P::targets; ++target) TBRNN_UNROLL
    for (int m = 0; m < held_quads; ++m) {
      TBRNN_UNROLL
      for (int k = 0; k < lane_units; ++k) {
        const int row = first_row(m) + (k ^ turn());
        if (row < rows && unit < shape_.columns())
          held.w[target][m][k] = quad_at(row_of(target, row) + unit);
      }
      if (first_row(m) + turn() < rows)
        held.to[target][m] = receivers(target, first_row(m) + turn());
    }
    return held;
  }

  __device__ void put(const V (&value)[lane_units], T* row) const {
    const int unit = Group<lanes>::unit(0);
    if (dev::thread() >= lanes || unit >= shape_.units) return;
    Quad<T> q;
    TBRNN_UNROLL
    for (int i = 0; i < lane_units; ++i) q.v[i] = unit + i < shape_.units ? value[i].v : T(0);
    *reinterpret_cast<Quad<T>*>(row + unit) = q;
  }

  // From the carriers to p; by all warps.
  __device__ void spread() const {
    dev::block_barrier();  // the carriers are there
    if constexpr (P::pairs) {
      const int pairs = P::pair_rows(shape_.units), rows = P::rows(shape_.units);
      TBRNN_UNROLL_TIMES(P::linear() ? 1 : 2)
      for (int row = dev::thread(); row < pairs; row += block_threads) {
        const auto [j, k] = memory_.pair[row];
        memory_.p[row] = memory_.r[j] * memory_.r[k];
      }
      TBRNN_UNROLL_TIMES(1)
      for (int row = pairs + dev::thread(); row < rows; row += block_threads)
        memory_.p[row] = memory_.r[row - pairs];
      dev::block_barrier();  // p is there
    }
  }
  // From p to the warps' shares of y.
  __device__ void multiply(const Held& held) const {
    const int unit = Group<lanes>::unit(0), rows = rows_;
    const bool exists = unit < shape_.columns();
    TBRNN_UNROLL
    for (int target = 0; target < P::targets; ++target) {
      V sum[lane_units];
      TBRNN_UNROLL
      for (int i = 0; i < lane_units; ++i) sum[i] = V(T(0));
      const auto add = [&](const Quad<T>& w, T p) {
        TBRNN_UNROLL
        for (int i = 0; i < lane_units; ++i) sum[i] = fma(V(w.v[i]), V(p), sum[i]);
      };
      TBRNN_UNROLL
      for (int m = 0; m < held_quads; ++m)
        if (first_row(m) < rows) {
          TBRNN_UNROLL
          for (int k = 0; k < lane_units; ++k)
            add(held.w[target][m][k], memory_.p[first_row(m) + (k ^ turn())]);
        }
      TBRNN_UNROLL_TIMES(2)
      for (int first = first_row(held_quads); first < rows && exists;
           first += slices * lane_units) {
        Quad<T> w[lane_units];
        read(target, first, unit, w);
        TBRNN_UNROLL
        for (int k = 0; k < lane_units; ++k) add(w[k], memory_.p[first + k]);  // 0 behind the rows
      }
      Quad<T> part;
      TBRNN_UNROLL
      for (int i = 0; i < lane_units; ++i) part.v[i] = over_trials<lanes>(sum[i].v);
      if (dev::thread() % 32 < lanes)
        *reinterpret_cast<Quad<T>*>(&Tile::partial(warp_, target, unit)) = part;
    }
  }
  // Rows behind the last are read as that.
  __device__ void read(int target, int first, int unit, Quad<T> (&w)[lane_units]) const {
    const int last = rows_ - 1;
    TBRNN_UNROLL
    for (int k = 0; k < lane_units; ++k)
      w[k] = quad_at(row_of(target, first + k < last ? first + k : last) + unit);
  }
  __device__ void meet_with_y() const { dev::block_barrier(); }  // the shares are there

  __device__ void meet_with_e() const { dev::block_barrier(); }  // e is there
  // From e to A.
  __device__ void multiply_adjoint(const Held& held) const {
    const int unit = Group<lanes>::unit(0), rows = rows_;
    const bool exists = unit < shape_.columns();
    TBRNN_UNROLL
    for (int target = 0; target < P::targets; ++target) {
      Quad<T> e{};
      if (exists) e = quad_at(memory_.e + target * shape_.columns() + unit);
      V sum[lane_units];
      TBRNN_UNROLL
      for (int m = 0; m < held_quads; ++m)
        if (first_row_of_warp(m) < rows) {  // in all lanes of a warp, which shuffle
          dots(held.w[target][m], e, sum);
          const T A = over_group<lanes, true>(sum);
          if (Group<lanes>::lane() < lane_units && first_row(m) + turn() < rows)
            put_A(A, held.to[target][m]);
        }
      for (int m = held_quads; first_row_of_warp(m) < rows; ++m) {
        Quad<T> w[lane_units];
        read(target, first_row(m), exists ? unit : 0, w);
        dots(w, e, sum);
        const T A = over_group<lanes, false>(sum);
        const int row = first_row(m) + turn();
        if (Group<lanes>::lane() < lane_units && row < rows) put_A(A, receivers(target, row));
      }
    }
  }
  __device__ void dots(const Quad<T> (&w)[lane_units], const Quad<T>& e,
                       V (&sum)[lane_units]) const {
    TBRNN_UNROLL
    for (int k = 0; k < lane_units; ++k) {
      sum[k] = V(w[k].v[0]) * V(e.v[0]);
      TBRNN_UNROLL
      for (int i = 1; i < lane_units; ++i) sum[k] = fma(V(w[k].v[i]), V(e.v[i]), sum[k]);
    }
  }
  __device__ void put_A(T A, const Receivers& to) const { memory_.r[to.a] = memory_.r[to.b] = A; }
  // From A to g, of pairs by eight lanes for each unit; by all warps.
  __device__ void spread_adjoint() const {
    dev::block_barrier();  // A is there, and the carriers
    if constexpr (P::pairs) {
      const int part = dev::thread() % 8, columns = shape_.columns();
      TBRNN_UNROLL
      for (int first = 0; first < Group<lanes>::units; first += block_threads / 8) {
        const int j = first + dev::thread() / 8;
        const T* A = memory_.square + (j < shape_.units ? j : 0) * columns;
        V sum[1] = {part || j >= shape_.units ? V(T(0)) : V(A[j]) * V(memory_.r[j])};
        TBRNN_UNROLL
        for (int begin = 0; begin < Group<lanes>::units; begin += 8 * lane_units) {
          const int k = begin + part * lane_units;
          if (k >= columns) continue;
          const Quad<T> a = quad_at(A + k), r = quad_at(memory_.r + k);
          TBRNN_UNROLL
          for (int i = 0; i < lane_units; ++i) sum[0] = fma(V(a.v[i]), V(r.v[i]), sum[0]);
        }
        Group<8>::sum(sum, 1);
        if (part == 0 && j < shape_.units)
          memory_.g[j] = P::linear() ? sum[0].v + memory_.linear[j] : sum[0].v;
      }
      dev::block_barrier();  // g is there
    }
  }
  __device__ V pulled(int unit) const {
    V sum(T(0));
    if (unit >= shape_.units) return sum;
    if constexpr (P::pairs) {
      sum = V(memory_.g[unit]);
    } else {
      TBRNN_UNROLL
      for (int target = 0; target < P::targets; ++target)
        sum = sum + V(memory_.linear[target * shape_.units + unit]);
    }
    return sum;
  }

  const Shape<T>& shape_;
  const int warp_, rows_;  // rows of a target
  const Memory memory_;
  T* const weights_;
};

}  // namespace tbrnn::cuda
