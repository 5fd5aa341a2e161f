// The product stage y += W r of one tile, r the carrier of equations/leak.hpp. W and its transpose are packed in panels.
#pragma once

#include "cpu/micro_kernel.hpp"
#include "cpu/time.hpp"
#include "cpu/transpose.hpp"

namespace tbrnn::inline TBRNN_ISA {

struct Dense {
  static constexpr bool exists = true;

  // rows [unit][32]
  template <class T>
  static void forward(const Network<T>& net, const Workspace<T>&, const T* carrier, T* y) {
    multiply(Panels{net.units, net.units}, net.product, carrier, y);
  }

  // g = W^T e
  template <class T>
  static void adjoint(const Network<T>& net, const Workspace<T>&, const T*, const T* e, T* g) {
    const Panels panels{net.units, net.units};
    std::memset(g, 0, sizeof(T) * static_cast<std::size_t>(net.units) * tile_trials);
    multiply(panels, net.product + panels.size(), e, g);
  }

  // dW_ij += sum over steps and trials of e_i r_j: 32 units j at a time, with these on lanes. Sums over the chunk come first.
  template <class T>
  static void gradient(const Network<T>& net, const Workspace<T>& work, int steps, Rows<T> carrier,
                       Rows<T> e, T* dW) {
    const int columns = padded(net.units);
    for (int unit = 0; unit < net.units; unit += tile_trials) {
      for (int t = 0; t < steps; ++t)
        transpose_rows(carrier.at + t * carrier.step + unit * tile_trials, net.units - unit,
                       work.product + t * tile_trials * tile_trials);
      for_blocks(Panels{net.units, net.units}, [&]<int R>(int first, int, int row) {
        const int i = first + row;
        for (int lane = 0; lane < tile_trials; lane += Two<T>::lanes)
          gradient_block<R>(steps, {e.at + i * tile_trials, e.step}, work.product + lane,
                            dW + static_cast<std::ptrdiff_t>(i) * columns + unit + lane, columns);
      });
    }
  }

 private:
  template <int R, class T>
  static void gradient_block(int steps, Rows<T> e, const T* units, T* dW, int columns) {
    Two<T> sum[R];
    unroll<R>([&](auto i) TBRNN_INLINED { sum[i] = Two<T>(T(0)); });
    for (int t = 0; t < steps; ++t)
      multiply_add<tile_trials>(sum, tile_trials, e.at + t * e.step, 1,
                                units + t * tile_trials * tile_trials, tile_trials);
    unroll<R>([&](auto i) TBRNN_INLINED {
      T* at = dW + static_cast<std::ptrdiff_t>(i) * columns;
      (Two<T>::load(at) + sum[i]).store(at);
    });
  }
};

}  // namespace tbrnn::inline TBRNN_ISA
