// The drives with dense weights, written as the papers write them: the oracle of the low-rank forms.
// `p` points to the arrays [unit][rank] of a model, one after the other.
#pragma once

#include <Eigen/Dense>
#include <cmath>

#include "equations/models.hpp"

namespace tbrnn {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

inline RowMajor vectors(const double* p, int units, int rank, int array) {
  return Eigen::Map<const RowMajor>(p + array * units * rank, units, rank);
}

// factor M N^T r
inline Eigen::VectorXd two_body(const double* p, int rank, double factor,
                                const Eigen::VectorXd& r) {
  const int units = static_cast<int>(r.size());
  const Eigen::MatrixXd W = vectors(p, units, rank, 0) * vectors(p, units, rank, 1).transpose();
  return factor * W * r;
}

// factor sum_jk W_ijk r_j r_k,  W_ijk = sum_r l_ir m_jr n_kr
inline Eigen::VectorXd three_body(const double* p, int rank, double factor,
                                  const Eigen::VectorXd& r) {
  const int units = static_cast<int>(r.size());
  const RowMajor l = vectors(p, units, rank, 0);
  const RowMajor m = vectors(p, units, rank, 1), n = vectors(p, units, rank, 2);
  Eigen::VectorXd drive(units);
  for (int i = 0; i < units; ++i) {
    const Eigen::MatrixXd W = m * l.row(i).asDiagonal() * n.transpose();
    drive(i) = factor * r.dot(W * r);
  }
  return drive;
}

inline Eigen::VectorXd dense_drive(LowRankRNN, const double* p, Ranks ranks, Factors<double> factor,
                                   bool, const Eigen::VectorXd& r) {
  return two_body(p, ranks.two, factor.two, r);
}

inline Eigen::VectorXd dense_drive(LowRankTBRNN, const double* p, Ranks ranks,
                                   Factors<double> factor, bool, const Eigen::VectorXd& r) {
  return three_body(p, ranks.three, factor.three, r);
}

inline Eigen::VectorXd dense_drive(RNN, const double* p, Ranks, Factors<double>, bool,
                                   const Eigen::VectorXd& r) {
  const int units = static_cast<int>(r.size());
  return vectors(p, units, units, 0) * r;
}

inline Eigen::VectorXd dense_drive(EIRNN, const double* p, Ranks, Factors<double>, bool,
                                   const Eigen::VectorXd& r) {  // all units inhibit
  const int units = static_cast<int>(r.size());
  RowMajor W = -vectors(p, units, units, 0).cwiseAbs();
  W.diagonal().setZero();
  return W * r;
}

// sum_jk W_ijk r_j r_k
inline Eigen::VectorXd full_three_body(const double* p, const Eigen::VectorXd& r) {
  const int units = static_cast<int>(r.size());
  Eigen::VectorXd drive(units);
  for (int i = 0; i < units; ++i) drive(i) = r.dot(vectors(p, units, units, i) * r);
  return drive;
}

inline Eigen::VectorXd dense_drive(TBRNN, const double* p, Ranks, Factors<double>, bool,
                                   const Eigen::VectorXd& r) {
  return full_three_body(p, r);
}

inline Eigen::VectorXd dense_drive(HORNN, const double* p, Ranks, Factors<double>, bool gated,
                                   const Eigen::VectorXd& r) {
  const int units = static_cast<int>(r.size());
  const Eigen::VectorXd two = vectors(p, units, units, 0) * r;
  const Eigen::VectorXd three = full_three_body(p + units * units, r);
  const double g = 1 / (1 + std::exp(-p[units * units * (units + 1)]));
  return gated ? Eigen::VectorXd(g * two + (1 - g) * three) : Eigen::VectorXd(two + three);
}

inline Eigen::VectorXd dense_drive(LowRankHORNN, const double* p, Ranks ranks,
                                   Factors<double> factor, bool gated, const Eigen::VectorXd& r) {
  const int units = static_cast<int>(r.size());
  const double* p_three = p + 2 * units * ranks.two;
  const Eigen::VectorXd two = two_body(p, ranks.two, factor.two, r);
  const Eigen::VectorXd three = three_body(p_three, ranks.three, factor.three, r);
  const double g = 1 / (1 + std::exp(-p_three[3 * units * ranks.three]));
  return gated ? Eigen::VectorXd(g * two + (1 - g) * three) : Eigen::VectorXd(two + three);
}

}  // namespace tbrnn
