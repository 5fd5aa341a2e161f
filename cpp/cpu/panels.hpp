// A matrix as the micro-kernel reads it: panels of at most 12 rows, each [column][row of the panel]. The rows are shared out evenly, so
// that no panel is too short to hide the latency of fma.
#pragma once

#include <cstddef>

#include "cpu/rollout.hpp"
#include "equations/portable.hpp"

namespace tbrnn::inline TBRNN_ISA {

inline constexpr int panel_rows = 12;

struct Panels {
  int rows, columns;

  int count() const { return (rows + panel_rows - 1) / panel_rows; }
  int first(int panel) const { return static_cast<int>(static_cast<long>(panel) * rows / count()); }
  std::size_t offset(int first_row) const {
    return static_cast<std::size_t>(first_row) * static_cast<std::size_t>(columns);
  }
  std::size_t size() const { return offset(rows); }

  template <class T, class Entry>
  void pack(T* packed, Entry entry) const {
    for (int panel = 0; panel < count(); ++panel)
      for (int column = 0; column < columns; ++column)
        for (int row = first(panel); row < first(panel + 1); ++row) *packed++ = entry(row, column);
  }
};

// The gradient of a matrix [row][column padded to whole rows of lanes].
inline int padded(int columns) { return (columns + tile_trials - 1) / tile_trials * tile_trials; }

}  // namespace tbrnn::inline TBRNN_ISA
