// The gradient of a trained matrix or tensor in squares of 128 x 128 weights, which the blocks of a team share out. Where the squares are
// few, the steps are divided too: an item is a square over some of the steps. The steps' parts are added in order.
#pragma once

#include "views.cuh"

namespace tbrnn::cuda {

inline constexpr int square_rows = 128, square_size = square_rows * square_rows;

TBRNN_FN constexpr int ceiling(int count, int of_each) { return (count + of_each - 1) / of_each; }

// Of a matrix: its row and its column where a square begins.
struct MatrixSquares {
  int rows, columns;
  struct Place {
    int row, column;
  };

  TBRNN_FN int across() const { return ceiling(columns, square_rows); }
  TBRNN_FN int count() const { return ceiling(rows, square_rows) * across(); }
  TBRNN_FN Place at(int square) const {
    return {square / across() * square_rows, square % across() * square_rows};
  }
};

// Of pairs: a row of a square is the pair of one of eight units j and one of sixteen k, of which those before j belong to other squares.
struct PairSquares {
  static constexpr int of_j = panel_units, of_k = square_rows / of_j;
  int units;
  struct Place {
    int j, k, column;
  };

  TBRNN_FN int across() const { return ceiling(units, square_rows); }
  TBRNN_FN int of_panel(int j) const { return ceiling(units - j, of_k) * across(); }
  TBRNN_FN int count() const {
    int count = 0;
    for (int j = 0; j < units; j += of_j) count += of_panel(j);
    return count;
  }
  TBRNN_FN Place at(int square) const {
    int j = 0;
    for (; square >= of_panel(j); j += of_j) square -= of_panel(j);
    return {j, j + square / across() * of_k, square % across() * square_rows};
  }
};

// The parts of the steps, no shorter than `least` where there are more than one.
struct StepParts {
  static constexpr int items = 96, least = 8;
  int steps, count;

  TBRNN_FN StepParts(int all_steps, int squares) : steps(all_steps), count(1) {
    if (squares == 0 || squares >= items) return;
    count = ceiling(items, squares);
    if (count > steps / least) count = steps < least ? 1 : steps / least;
  }
  TBRNN_FN int begin(int part) const {
    return static_cast<int>(static_cast<long>(steps) * part / count);
  }
};

// At most, of a product's gradient: of its own squares, or of those of its linear part.
template <class T>
TBRNN_FN int items_of(const Shape<T>& shape, int steps) {
  const auto items = [steps](int squares) { return squares * StepParts(steps, squares).count; };
  if (shape.product_squares == 0) return 0;
  const int all = items(shape.product_squares),
            linear = items(MatrixSquares{shape.units, shape.units}.count());
  return all > linear ? all : linear;
}

}  // namespace tbrnn::cuda
