// The product of a packed matrix with rows of trials: blocks of rows x two vectors of sums stay in registers over all columns.
#pragma once

#include "cpu/panels.hpp"
#include "cpu/passes.hpp"

namespace tbrnn::inline TBRNN_ISA {

// Rows of a block: two vectors of sums for each must leave registers for one column's values and weights.
inline constexpr int block_rows = vector_registers == 32 ? panel_rows : panel_rows / 2;

// sum[i] += sum_k A[k a_step + i row_step] b[k b_step] for k < count
template <int row_step, int R, class T>
TBRNN_PACK void multiply_add(Two<T> (&sum)[R], int count, const T* A, std::ptrdiff_t a_step,
                             const T* b, std::ptrdiff_t b_step) {
  for (int k = 0; k < count; ++k, A += a_step, b += b_step) {
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

// use<rows of the block>(first row of the panel, rows of the panel, first row of the block within the panel)
template <class Use>
void for_blocks(const Panels& panels, Use&& use) {
  for (int panel = 0; panel < panels.count(); ++panel) {
    const int first = panels.first(panel), size = panels.first(panel + 1) - first;
    for (int row = 0; row < size; row += block_rows)
      with_count<block_rows>(size - row < block_rows ? size - row : block_rows,
                             [&]<int R>() { use.template operator()<R>(first, size, row); });
  }
}

// y[row][32] += sum_k A[row][k] b[k][32]
template <class T>
void multiply(const Panels& panels, const T* A, const T* b, T* y) {
  for (int lane = 0; lane < tile_trials; lane += Two<T>::lanes)
    for_blocks(panels, [&]<int R>(int first, int size, int row) {
      T* to = y + (first + row) * tile_trials + lane;
      Two<T> sum[R];
      unroll<R>([&](auto i) TBRNN_INLINED { sum[i] = Two<T>::load(to + i * tile_trials); });
      multiply_add<1>(sum, panels.columns, A + panels.offset(first) + row, size, b + lane,
                      tile_trials);
      unroll<R>([&](auto i) TBRNN_INLINED { sum[i].store(to + i * tile_trials); });
    });
}

}  // namespace tbrnn::inline TBRNN_ISA
