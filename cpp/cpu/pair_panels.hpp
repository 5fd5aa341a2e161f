// S of equations/tensor.hpp as the product with generated rows reads it, in the order of reading: for each block of generated rows the
// panels of units, then for each j the panels of its rows k, and those of the linear rows.
#pragma once

#include "cpu/panels.hpp"
#include "equations/tensor.hpp"

namespace tbrnn::inline TBRNN_ISA {

// Rows are generated some at a time, so that they and their weights stay in L1.
struct GeneratedRows {
  PairRows rows;
  int blocks() const { return (rows.count() + 191) / 192; }
  int first(int block) const {
    return static_cast<int>(static_cast<long>(block) * rows.count() / blocks());
  }
};

// Memory for a chunk of steps of the transposed units and of the rows of a panel, or for a block of generated rows, which is less.
inline ProductSize pairs_size(PairRows rows) {
  const std::size_t columns = static_cast<std::size_t>(padded(rows.units));
  ProductSize size;
  size.rows = rows.at(rows.count());
  size.weights = 2 * size.rows;
  size.gradient = static_cast<std::size_t>(rows.count()) * columns;
  size.memory = std::size_t{chunk_steps} * tile_trials * (columns + panel_rows);
  return size;
}

// S is memory for so many rows.
template <class Model, class T>
void pack_pairs(int units, T factor, bool gated, const T* p, T* S, T* packed) {
  const PairRows rows{units, Model::linear};
  pack_rows<Model>(p, units, factor, gated, S);
  const auto entry = [&](int row, int i) { return S[rows.at(row) + static_cast<std::size_t>(i)]; };
  const GeneratedRows generated{rows};
  for (int block = 0; block < generated.blocks(); ++block) {
    const int first = generated.first(block), count = generated.first(block + 1) - first;
    Panels{units, count}.pack(packed + rows.at(first),
                              [&](int i, int row) { return entry(first + row, i); });
  }
  packed += rows.at(rows.count());
  const auto rows_from = [&](int first, int count) {
    Panels{count, units}.pack(packed + rows.at(first),
                              [&](int row, int i) { return entry(first + row, i); });
  };
  for (int j = 0, first = 0; j < units; first += units - j++) rows_from(first, units - j);
  if (Model::linear) rows_from(rows.pairs(), units);
}

}  // namespace tbrnn::inline TBRNN_ISA
