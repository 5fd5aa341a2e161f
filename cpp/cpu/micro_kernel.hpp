// The product of a packed matrix with rows of trials: blocks of rows x two vectors of sums stay in registers over all columns.
#pragma once

#include "cpu/panels.hpp"
#include "cpu/passes.hpp"

namespace tbrnn::inline TBRNN_ISA {

// Rows of a block: two vectors of sums for each must leave registers for one column's values and weights.
inline constexpr int block_rows = vector_registers == 32 ? panel_rows : panel_rows / 2;

// sum[i] += sum_k A_k[i row_step] b[k][32] for k < count; A_k+1 lies step(k) behind A_k.
// One loop: between two loops GCC stores the sums and loads them again.
template <int row_step, int R, class T, class Step>
TBRNN_PACK void multiply_add(Two<T> (&sum)[R], int count, const T* A, Step step, const T* b) {
  for (int k = 0; k < count; A += step(k), ++k, b += tile_trials) {
    Two<T> value = Two<T>::load(b);
    in_registers(value);
    unroll<R>([&](auto i) TBRNN_INLINED {
      Pack<T> weight(A[i * row_step]);
      in_registers(weight);
      unroll<2>([&](auto half) TBRNN_INLINED {
        sum[i].v[half] = fma(weight.v[0], value.v[half], sum[i].v[half]);
      });
    });
  }
}

// sum[i] += sum over steps and trials of a_i b, a [trial] in rows of 32, b [step][trial][32]
template <int R, class T>
TBRNN_PACK void multiply_add_steps(Two<T> (&sum)[R], int steps, Rows<T> a, const T* b) {
  const std::ptrdiff_t to_next_step = a.step - (tile_trials - 1);
  multiply_add<tile_trials>(
      sum, steps * tile_trials, a.at,
      [=](int k) TBRNN_INLINED {
        return k % tile_trials == tile_trials - 1 ? to_next_step : std::ptrdiff_t{1};
      },
      b);
}

// use<rows of the block>(first row of the panel, rows of the panel, first row of the block within the panel)
template <class Use>
void for_blocks_of(int first, int size, Use&& use) {
  for (int row = 0; row < size; row += block_rows)
    with_count<block_rows>(size - row < block_rows ? size - row : block_rows,
                           [&]<int R>() { use.template operator()<R>(first, size, row); });
}

template <class Use>
void for_blocks(const Panels& panels, Use&& use) {
  for (int panel = 0; panel < panels.count(); ++panel)
    for_blocks_of(panels.first(panel), panels.first(panel + 1) - panels.first(panel), use);
}

// y[row][32] += sum_k A[row][k] b[k][32], a sum of its own, so that y of many products loses less. begin and finish(first row, rows)
// of a panel find its y in the nearest cache.
template <class T, class Begin, class Finish>
void multiply(const Panels& panels, const T* A, const T* b, T* y, Begin&& begin, Finish&& finish) {
  for (int panel = 0; panel < panels.count(); ++panel) {
    const int first = panels.first(panel), size = panels.first(panel + 1) - first;
    begin(first, size);
    for (int lane = 0; lane < tile_trials; lane += Two<T>::lanes)
      for_blocks_of(first, size, [&]<int R>(int, int, int row) {
        T* to = y + (first + row) * tile_trials + lane;
        Two<T> sum[R];
        unroll<R>([&](auto i) TBRNN_INLINED { sum[i] = Two<T>(T(0)); });
        multiply_add<1>(
            sum, panels.columns, A + panels.offset(first) + row,
            [=](int) TBRNN_INLINED { return size; }, b + lane);
        unroll<R>([&](auto i) TBRNN_INLINED {
          (Two<T>::load(to + i * tile_trials) + sum[i]).store(to + i * tile_trials);
        });
      });
    finish(first, size);
  }
}

template <class T>
void multiply(const Panels& panels, const T* A, const T* b, T* y) {
  multiply(
      panels, A, b, y, [](int, int) {}, [](int, int) {});
}

}  // namespace tbrnn::inline TBRNN_ISA
