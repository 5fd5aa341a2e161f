// hard_orth against Eigen's complete orthogonal decomposition, and its adjoint against central
// differences.
#include "equations/hard_orth.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>

namespace {

using namespace tbrnn;
using Eigen::MatrixXd;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr int units = 9, inputs = 3, rank = 2;

// The projection off the columns of I = [W_in, b_in].
MatrixXd off(const MatrixXd& I, const MatrixXd& l) {
  return l - I * Eigen::CompleteOrthogonalDecomposition<MatrixXd>(I).solve(l);
}

class HardOrth : public testing::TestWithParam<bool> {
 protected:
  HardOrth() { std::srand(2); }

  const double* bias() const { return GetParam() ? b_in.data() : nullptr; }

  MatrixXd input_space() const {
    MatrixXd I(units, inputs + (GetParam() ? 1 : 0));
    I.leftCols(inputs) = w_in;
    if (GetParam()) I.col(inputs) = b_in;
    return I;
  }

  RowMajor projected() const {
    RowMajor result = l;
    hard_orth(w_in.data(), bias(), units, inputs, rank, result.data());
    return result;
  }

  RowMajor w_in = RowMajor::Random(units, inputs), l = RowMajor::Random(units, rank);
  Eigen::VectorXd b_in = Eigen::VectorXd::Random(units);
};

INSTANTIATE_TEST_SUITE_P(Bias, HardOrth, testing::Bool());

TEST_P(HardOrth, IsTheProjectionOffTheInputSpace) {
  EXPECT_LE((projected() - off(input_space(), l)).norm(), 1e-13 * l.norm());
  EXPECT_LE((input_space().transpose() * projected()).norm(), 1e-13 * l.norm());
}

TEST_P(HardOrth, DependentColumnsDoNotMatter) {
  w_in.col(1) = -2 * w_in.col(0);
  w_in.col(2).setZero();
  EXPECT_LE((projected() - off(input_space(), l)).norm(), 1e-7 * l.norm());
}

TEST_P(HardOrth, AdjointEqualsCentralDifferences) {
  const RowMajor H = RowMajor::Random(units, rank);
  RowMajor dl = H, dw_in = RowMajor::Constant(units, inputs, 0.5);
  Eigen::VectorXd db_in = Eigen::VectorXd::Constant(units, 0.5);
  hard_orth_adjoint(w_in.data(), bias(), units, inputs, rank, l.data(), projected().data(),
                    dl.data(), dw_in.data(), GetParam() ? db_in.data() : nullptr);

  const auto slope = [&](double& entry) {
    const double here = entry, h = 1e-5;
    entry = here + h;
    const double above = H.cwiseProduct(projected()).sum();
    entry = here - h;
    const double below = H.cwiseProduct(projected()).sum();
    entry = here;
    return (above - below) / (2 * h);
  };
  for (int i = 0; i < l.size(); ++i) EXPECT_NEAR(dl.data()[i], slope(l.data()[i]), 1e-8);
  for (int i = 0; i < w_in.size(); ++i)
    EXPECT_NEAR(dw_in.data()[i], 0.5 + slope(w_in.data()[i]), 1e-8);
  for (int i = 0; i < units; ++i)
    EXPECT_NEAR(db_in[i], 0.5 + (GetParam() ? slope(b_in[i]) : 0.0), 1e-8);
}

}  // namespace
