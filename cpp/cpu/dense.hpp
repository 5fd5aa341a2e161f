// The product stage y += W r of one tile, r the carrier of equations/leak.hpp. W and its transpose are packed in panels.
#pragma once

#include "cpu/micro_kernel.hpp"
#include "cpu/time.hpp"
#include "cpu/transpose.hpp"

namespace tbrnn::inline TBRNN_ISA {

struct Dense {
  static constexpr bool exists = true;

  // rows [pre-activation][unit][32]; begin and finish as those of multiply
  template <class T, class Begin, class Finish>
  static void forward(const Network<T>& net, const Workspace<T>&, const T* carrier, T* y,
                      Begin begin, Finish finish) {
    multiply(Panels{rows(net), net.units}, net.product, carrier, y, begin, finish);
  }

  // g = W^T e
  template <class T, class Finish>
  static void adjoint(const Network<T>& net, const Workspace<T>&, const T*, const T* e, T* g,
                      Finish finish) {
    const Panels panels{net.units, rows(net)};
    multiply(
        panels, net.product + panels.size(), e, g,
        [g](int first, int rows) { zero_rows(g + first * tile_trials, rows); }, finish);
  }

  // dW_ij += sum over steps and trials of e_i r_j. The transposed rows of 32 units j and a few steps stay in L1.
  template <class T>
  static void gradient(const Network<T>& net, const Workspace<T>& work, int steps, Rows<T> carrier,
                       Rows<T> e, T* dW) {
    for (int t = 0; t < steps; t += few_steps)
      for (int unit = 0; unit < net.units; unit += tile_trials)
        gradient_of_units(rows(net), net.units, unit, steps - t < few_steps ? steps - t : few_steps,
                          {carrier.at + t * carrier.step, carrier.step},
                          {e.at + t * e.step, e.step}, dW, work.product);
  }

 private:
  static constexpr int few_steps = 8;

  template <class T>
  static int rows(const Network<T>& net) {  // of W, one for each pre-activation of each unit
    return net.preactivations * net.units;
  }

  template <class T>
  static void gradient_of_units(int rows, int units, int unit, int steps, Rows<T> carrier,
                                Rows<T> e, T* dW, T* transposed) {
    const int columns = padded(units);
    for (int t = 0; t < steps; ++t)
      transpose_rows(carrier.at + t * carrier.step + unit * tile_trials, units - unit,
                     transposed + t * tile_trials * tile_trials);
    for_blocks(Panels{rows, units}, [&]<int R>(int first, int, int row) {
      const int i = first + row;
      for (int lane = 0; lane < tile_trials; lane += Two<T>::lanes)
        gradient_block<R>(steps, {e.at + i * tile_trials, e.step}, transposed + lane,
                          dW + static_cast<std::ptrdiff_t>(i) * columns + unit + lane, columns);
    });
  }

  template <int R, class T>
  static void gradient_block(int steps, Rows<T> e, const T* units, T* dW, int columns) {
    Two<T> sum[R];
    unroll<R>([&](auto i) TBRNN_INLINED { sum[i] = Two<T>(T(0)); });
    multiply_add_steps(sum, steps, e, units);
    unroll<R>([&](auto i) TBRNN_INLINED {
      T* at = dW + static_cast<std::ptrdiff_t>(i) * columns;
      (Two<T>::load(at) + sum[i]).store(at);
    });
  }
};

}  // namespace tbrnn::inline TBRNN_ISA
