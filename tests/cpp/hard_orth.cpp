// hard_orth against Eigen's complete orthogonal decomposition, and its adjoint against central
// differences.
#include "equations/hard_orth.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>

#include "central_differences.hpp"

namespace {

using namespace tbrnn;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr int units = 9, inputs = 3, rank = 2;

struct Arrays {
  RowMajor w_in = RowMajor::Random(units, inputs), l = RowMajor::Random(units, rank);
  VectorXd b_in = VectorXd::Random(units);

  VectorXd flat() const {
    VectorXd x(w_in.size() + l.size() + b_in.size());
    x << w_in.reshaped<Eigen::RowMajor>(), l.reshaped<Eigen::RowMajor>(), b_in;
    return x;
  }

  static Arrays from(const VectorXd& x) {
    const auto part = [&](int first, int columns) {
      return Eigen::Map<const RowMajor>(x.data() + first * units, units, columns);
    };
    return {part(0, inputs), part(inputs, rank), part(inputs + rank, 1)};
  }
};

class HardOrth : public testing::TestWithParam<bool> {
 protected:
  static const double* bias(const Arrays& a) { return GetParam() ? a.b_in.data() : nullptr; }

  static MatrixXd input_space(const Arrays& a) {
    MatrixXd I(units, inputs + (GetParam() ? 1 : 0));
    I.leftCols(inputs) = a.w_in;
    if (GetParam()) I.col(inputs) = a.b_in;
    return I;
  }

  static RowMajor projected(const Arrays& a) {
    RowMajor l = a.l;
    hard_orth(a.w_in.data(), bias(a), units, inputs, rank, l.data());
    return l;
  }

  // L off the columns of I = [W_in, b_in].
  static MatrixXd expected(const Arrays& a) {
    const MatrixXd I = input_space(a);
    return a.l - I * Eigen::CompleteOrthogonalDecomposition<MatrixXd>(I).solve(a.l);
  }

  Arrays arrays;
};

INSTANTIATE_TEST_SUITE_P(Bias, HardOrth, testing::Bool());

TEST_P(HardOrth, IsTheProjectionOffTheInputSpace) {
  EXPECT_LE((projected(arrays) - expected(arrays)).norm(), 1e-13 * arrays.l.norm());
  EXPECT_LE((input_space(arrays).transpose() * projected(arrays)).norm(), 1e-13 * arrays.l.norm());
}

TEST_P(HardOrth, DependentColumnsDoNotMatter) {
  arrays.w_in.col(1) = -2 * arrays.w_in.col(0);
  arrays.w_in.col(2).setZero();
  EXPECT_LE((projected(arrays) - expected(arrays)).norm(), 1e-13 * arrays.l.norm());
}

// The adjoint adds to dW_in and db_in, and turns H into dL.
TEST_P(HardOrth, AdjointEqualsCentralDifferences) {
  const RowMajor H = RowMajor::Random(units, rank);
  Arrays d{RowMajor::Constant(units, inputs, 0.5), H, VectorXd::Constant(units, 0.5)};
  hard_orth_adjoint(arrays.w_in.data(), bias(arrays), units, inputs, rank, arrays.l.data(),
                    projected(arrays).data(), d.l.data(), d.w_in.data(),
                    GetParam() ? d.b_in.data() : nullptr);
  d.w_in.array() -= 0.5;
  d.b_in.array() -= 0.5;
  const VectorXd slope = central_differences(
      [&](const VectorXd& x) { return H.cwiseProduct(projected(Arrays::from(x))).sum(); },
      arrays.flat());
  EXPECT_LE((d.flat() - slope).norm(), 1e-9 * slope.norm());
}

}  // namespace
