// The product stage of a step: what all units send to each unit, beside the channels.
//   dense   y_i = sum_k W_ik r_k, with a matrix for each pre-activation of a unit
//   pairs   y_i = sum_row S_row,i p_row, p_jk = r_j r_k (j <= k), and with a linear part p_k = r_k behind them
// Its adjoint and its gradient, with A_row = sum_i S_row,i e_i:
//   g_j = sum_k A_jk r_k, the diagonal twice, + A_j of the linear rows      dense   g_k = sum_i W_ik e_i
//   dS_row,i = sum p_row e_i over steps and trials                                  dW_ik = sum r_k e_i
// A row holds one weight of every unit. The rows of one pre-activation follow those of another.
#pragma once

#include "equations/models.hpp"
#include "lane.cuh"

namespace tbrnn::cuda {

template <class Model>
struct Product {
  static constexpr bool dense = has_matrix(Model::recurrence),
                        pairs = Model::recurrence == Recurrence::pairs, exists = dense || pairs;
  static constexpr int targets = exists ? preactivations_of<Model> : 1;  // that rows r_k drive
  static constexpr bool linear() {
    if constexpr (pairs) return Model::linear;
    return dense;
  }
  TBRNN_FN static constexpr int pair_rows(int units) { return pairs ? units * (units + 1) / 2 : 0; }
  TBRNN_FN static constexpr int pair_pulls(int units) { return pairs ? units * units : 0; }
  TBRNN_FN static constexpr int linear_rows(int units) { return linear() ? targets * units : 0; }
  TBRNN_FN static constexpr int rows(int units) { return pair_rows(units) + linear_rows(units); }
  TBRNN_FN static constexpr int pulls(int units) { return pair_pulls(units) + linear_rows(units); }
};

// The same network, whose pairs a team makes by split products; see split.cuh. A model of its own, so that the others keep their registers.
template <class Model>
struct SplitPairs : Model {
  static constexpr bool splits_pairs = true;
};
template <class Model>
inline constexpr bool splits_pairs = requires {
  Model::splits_pairs;
};

// The weights of pairs as a team reads them, of panels of eight units and eight neighbours j: [panel of units][panel of j][k][2][unit][4 of j],
// with a row of the linear part behind those of k. With `half` there are the k from the panel's first j on, and 0 where k < j. With `split`
// there are whole eights of k, each [4][unit][4 of k][k, k + 4][2 of j].
struct PairPanels {
  static constexpr int row = panel_units * panel_units;
  int units;
  bool half, linear, split;

  TBRNN_FN int panels() const { return whole_panels(units) / panel_units; }
  TBRNN_FN int first(int j) const { return half ? j : 0; }  // k of the panel of j
  TBRNN_FN int columns() const { return split ? whole_panels(units) : whole_quads(units); }
  TBRNN_FN int pair_rows(int j) const { return columns() - first(j); }
  TBRNN_FN std::size_t place(int unit, int j) const {
    const int of_units = rows_before(whole_panels(units));
    return static_cast<std::size_t>(unit / panel_units * of_units + rows_before(j)) * row;
  }
  TBRNN_FN std::size_t size() const { return place(whole_panels(units), 0); }

  // Within a panel: of a unit and a neighbour in a row, and from its first row on.
  TBRNN_FN static int in_row(int unit, int j) {
    return (j / lane_units * panel_units + unit) * lane_units + j % lane_units;
  }
  TBRNN_FN int in_rows(int k, int unit, int j) const {
    if (!split) return k * row + in_row(unit, j);
    return k / 8 * 8 * row + ((j / 2 * panel_units + unit) * 4 + k % 4) * 4 + k % 8 / 4 * 2 + j % 2;
  }

 private:
  TBRNN_FN int rows_before(int j) const {
    const int before = j / panel_units;
    return before * (columns() + linear) - (half ? before * (before - 1) / 2 * panel_units : 0);
  }
};

// What the units of a network with a product stage, or of a team, may do, known to the compiler: the common case ...
struct TanhRates {
  template <class T>
  TBRNN_FN static bool covers(const Shape<T>& s) {
    return s.form == Form::rate && s.phi == Activation<T>{} && !s.apart && !s.own_leak;
  }
  template <class T>
  struct Of {
    const Shape<T>& shape;
    TBRNN_FN static constexpr bool voltage() { return false; }
    TBRNN_FN static constexpr bool apart() { return false; }
    TBRNN_FN static constexpr bool own_leak() { return false; }
    TBRNN_FN static constexpr bool saves_state() { return false; }
    TBRNN_FN static constexpr Nonlinearity phi() { return Nonlinearity::tanh; }
    TBRNN_FN static constexpr Nonlinearity phi_out() { return Nonlinearity::tanh; }
    TBRNN_FN Loss loss() const { return shape.loss; }
  };
};

// ... and all others.
struct AnyUnits {
  template <class T>
  struct Of {
    const Shape<T>& shape;
    TBRNN_FN bool voltage() const { return shape.form == Form::voltage; }
    TBRNN_FN bool apart() const { return shape.apart; }
    TBRNN_FN bool own_leak() const { return shape.own_leak; }
    TBRNN_FN bool saves_state() const { return shape.saves_state(); }
    TBRNN_FN const Activation<T>& phi() const { return shape.phi; }
    TBRNN_FN const Activation<T>& phi_out() const { return shape.phi_out; }
    TBRNN_FN Loss loss() const { return shape.loss; }
  };
};

// The rows fall into segments: of a dense network a quad of neighbours k; of pairs a quad of neighbours k, and so many neighbours j in
// turn, of which those behind k do not exist. A linear row is the pair of k and of a unit -1 whose carrier is 1.
struct Segment {
  signed char j;
  unsigned char k;
};

template <class Model>
struct Segments {
  using P = Product<Model>;
  static constexpr int run = !P::pairs     ? 1
                             : P::linear() ? 7
                                           : 6;                   // of 32 units no more than slices
  static constexpr int first = P::pairs && P::linear() ? -1 : 0;  // j
  int units;

  TBRNN_FN constexpr int of_quad(int k) const {
    const int behind = k + lane_units < units ? k + lane_units : units;
    return P::pairs ? (behind - first + run - 1) / run : 1;
  }
  TBRNN_FN constexpr int before(int end) const {  // of the quads before `end`
    int count = 0;
    for (int k = 0; k < end; k += lane_units) count += of_quad(k);
    return count;
  }
  TBRNN_FN constexpr int count() const { return before(units); }
};

// A step of a trial as its gradient reads it, and where in it lie the carriers before it, the adjoints, a 1, another 1 and the inputs behind
// it, the adjoints of the outputs, and what is read out.
template <class Model, class T, int lanes>
struct alignas(16) GradientStep {
  static constexpr int targets = Product<Model>::targets, row = Group<lanes>::units;
  static constexpr int r = 0, e = r + row, one = e + targets * row, inputs = one + 2 * lane_units,
                       d_o = inputs + loose_counts, out = d_o + loose_counts, size = out + row;
  T at[size];

  struct Source {  // rows of the steps, of so many quads, and where they go
    const T* rows;
    int stride, quads, place;
  };
  __device__ void prepare() { at[one] = at[inputs - 1] = T(1); }
};

// Shared memory of a block whose trial has a product stage; the weights may follow.
template <class Model, class T, int lanes>
struct alignas(16) ProductMemory {
  static constexpr bool pairs = Product<Model>::pairs;
  static constexpr int targets = Product<Model>::targets, row = Group<lanes>::units,
                       behind = whole_quads(Segments<Model>::run);
  // Behind what passes and steps share out, and the standing of a member.
  static constexpr std::size_t shared_out = 1024, begin = shared_out + sizeof(Standing);
  using Step = GradientStep<Model, T, lanes>;
  static constexpr int few = 4, fit = static_cast<int>(10240 / sizeof(Step)),
                       steps_at_once = fit < few ? few : fit;

  T r[lane_units + row + behind];  // the carriers, behind the 1 of unit -1
  T e[targets][row];               // the adjoints
  T y[warps - 1][targets][row];    // shares of the products
  T g[pairs ? row : targets][pairs ? row + lane_units : row];  // shares of what comes back
  Step steps[2][steps_at_once];                                // of the gradient, in turn
  typename Step::Source sources[5];
  Segment segment[Segments<Model>{row}.count()];

  __device__ static ProductMemory& of_block() {
    return *reinterpret_cast<ProductMemory*>(dev::shared_memory<unsigned char>() + begin);
  }
  __device__ static Standing& standing() {
    return *reinterpret_cast<Standing*>(dev::shared_memory<unsigned char>() + shared_out);
  }
  __device__ T* carriers() { return r + lane_units; }
  // Of what comes back to units j and k, where neither writing rows nor columns meets a bank twice. That of unit -1 lies behind all others.
  __device__ void give(int j, int k, T to_j, T to_k) {
    if (j >= 0) share(j, k) = to_j;
    share(k, j < 0 ? row : j) = to_k;
  }

 private:
  __device__ T& share(int n, int k) {
    return g[n][k / lane_units * lane_units + (k + n / 8) % lane_units];
  }
};

}  // namespace tbrnn::cuda
