// hard_orth (Three-Body RNNs): the three-body drive is kept out of the input space. With I = [W_in, b_in] (unit x columns),
//   L_eff = L - I B,   B = (I^T I)^+ I^T L,
// and with H = dLoss/dL_eff, Q = (I^T I)^+, P = 1 - I Q I^T the adjoint is
//   dL = P H,   dI = -(P H) B^T - (P L)(H^T I) Q.
// Columns of I that depend on earlier ones are left out of the basis; the projection is the same.
#pragma once

#include <cmath>

#include "portable.hpp"

namespace tbrnn::inline TBRNN_ISA {

inline constexpr int hard_orth_columns = 64;  // inputs + 1 at most

// Cholesky factor of the Gram matrix of I, and the solves with it.
struct InputSpace {
  int columns;
  bool kept[hard_orth_columns];
  double factor[hard_orth_columns][hard_orth_columns];

  template <class T>
  TBRNN_FN static double entry(const T* w_in, const T* b_in, int inputs, int unit, int column) {
    return column < inputs ? w_in[unit * inputs + column] : b_in[unit];
  }

  template <class T>
  TBRNN_FN InputSpace(const T* w_in, const T* b_in, int units, int inputs)
      : columns(inputs + (b_in ? 1 : 0)) {
    for (int j = 0; j < columns; ++j) {
      for (int i = j; i < columns; ++i) {
        double sum = 0;
        for (int n = 0; n < units; ++n)
          sum += entry(w_in, b_in, inputs, n, i) * entry(w_in, b_in, inputs, n, j);
        factor[i][j] = sum;
      }
      const double length = factor[j][j];
      for (int i = j; i < columns; ++i)
        for (int k = 0; k < j; ++k) factor[i][j] -= factor[i][k] * factor[j][k];
      kept[j] = factor[j][j] > 1e-12 * length;
      const double pivot = kept[j] ? std::sqrt(factor[j][j]) : 1.0;
      for (int i = j; i < columns; ++i) factor[i][j] = kept[j] ? factor[i][j] / pivot : 0.0;
    }
  }

  TBRNN_FN void solve(double* x) const {  // x <- (I^T I)^+ x
    for (int j = 0; j < columns; ++j) {
      for (int k = 0; k < j; ++k) x[j] -= factor[j][k] * x[k];
      x[j] = kept[j] ? x[j] / factor[j][j] : 0.0;
    }
    for (int j = columns; j-- > 0;) {
      for (int k = j + 1; k < columns; ++k) x[j] -= factor[k][j] * x[k];
      x[j] = kept[j] ? x[j] / factor[j][j] : 0.0;
    }
  }

  // For one column of L [unit][rank]: b <- (I^T I)^+ I^T l, and l <- l - I b.
  template <class T>
  TBRNN_FN void project(const T* w_in, const T* b_in, int units, int inputs, T* l, int rank,
                        double* b) const {
    for (int j = 0; j < columns; ++j) {
      b[j] = 0;
      for (int n = 0; n < units; ++n) b[j] += entry(w_in, b_in, inputs, n, j) * l[n * rank];
    }
    solve(b);
    for (int n = 0; n < units; ++n) {
      double inside = 0;
      for (int j = 0; j < columns; ++j) inside += entry(w_in, b_in, inputs, n, j) * b[j];
      l[n * rank] = static_cast<T>(l[n * rank] - inside);
    }
  }
};

// Numbers that the projection of one column needs; they do not fit a device's stack, nor does an InputSpace.
struct OrthMemory {
  double b[hard_orth_columns], h[hard_orth_columns];
};

// l [unit][rank] becomes its projection; b_in may be null.
template <class T>
TBRNN_FN void hard_orth(const InputSpace& space, const T* w_in, const T* b_in, int units,
                        int inputs, int rank, T* l, OrthMemory& memory) {
  for (int r = 0; r < rank; ++r) space.project(w_in, b_in, units, inputs, l + r, rank, memory.b);
}

template <class T>
TBRNN_FN void hard_orth(const T* w_in, const T* b_in, int units, int inputs, int rank, T* l) {
  OrthMemory memory;
  hard_orth(InputSpace(w_in, b_in, units, inputs), w_in, b_in, units, inputs, rank, l, memory);
}

// dl holds H and becomes dL; dw_in and db_in are added to. `l` is the stored, unprojected L, `projected` its projection.
template <class T>
TBRNN_FN void hard_orth_adjoint(const InputSpace& space, const T* w_in, const T* b_in, int units,
                                int inputs, int rank, const T* l, const T* projected, T* dl,
                                T* dw_in, T* db_in, OrthMemory& memory) {
  auto& [b, h] = memory;
  for (int r = 0; r < rank; ++r) {
    for (int j = 0; j < space.columns; ++j) {
      b[j] = 0;
      for (int n = 0; n < units; ++n)
        b[j] += InputSpace::entry(w_in, b_in, inputs, n, j) * l[n * rank + r];
    }
    space.solve(b);                                             // B = Q I^T L
    space.project(w_in, b_in, units, inputs, dl + r, rank, h);  // P H, and h = Q I^T H
    for (int n = 0; n < units; ++n)
      for (int j = 0; j < space.columns; ++j) {
        const double d = -dl[n * rank + r] * b[j] - projected[n * rank + r] * h[j];
        (j < inputs ? dw_in[n * inputs + j] : db_in[n]) += static_cast<T>(d);
      }
  }
}

template <class T>
TBRNN_FN void hard_orth_adjoint(const T* w_in, const T* b_in, int units, int inputs, int rank,
                                const T* l, const T* projected, T* dl, T* dw_in, T* db_in) {
  OrthMemory memory;
  hard_orth_adjoint(InputSpace(w_in, b_in, units, inputs), w_in, b_in, units, inputs, rank, l,
                    projected, dl, dw_in, db_in, memory);
}

}  // namespace tbrnn::inline TBRNN_ISA
