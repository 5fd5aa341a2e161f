// The low-rank models: their drive against dense weights (Eigen), their adjoint against central
// differences. Units, two-body rank and three-body rank all differ.
#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <type_traits>

#include "equations/models.hpp"

namespace {

using namespace tbrnn;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr int units = 7;
constexpr Ranks ranks{2, 3};
constexpr Factors<double> factor{0.2 / units, 0.2 / (units * units)};

struct Values {  // the channel values of one trial
  double* at;
  double get(int k) const { return at[k]; }
  void set(int k, double value) const { at[k] = value; }
};

template <class Model>
constexpr bool hybrid = std::is_same_v<Model, LowRankHORNN>;

template <class Model>
int parameter_count() {
  int count = hybrid<Model> ? 1 : 0;
  for (int i = 0; i < static_cast<int>(Model::arrays.size()); ++i)
    count += units * Model::rank_of(ranks, i);
  return count;
}

template <class Model>
struct Packed {
  RowMajor P{units, Model::reductions(ranks)}, Q{units, Model::drives(ranks)};

  Packed(const VectorXd& p, bool gated) {
    Model::pack(p.data(), units, ranks, factor, gated, Columns<double>{P.data(), int(P.cols())},
                Columns<double>{Q.data(), int(Q.cols())});
  }
};

template <class Model>
VectorXd mixed(const VectorXd& c) {
  VectorXd in = c, s(Model::drives(ranks));
  Model::mix(ranks, Values{in.data()}, Values{s.data()});
  return s;
}

template <class Model>
VectorXd drive(const VectorXd& p, const VectorXd& r, bool gated) {
  const Packed<Model> packed(p, gated);
  return packed.Q * mixed<Model>(packed.P.transpose() * r);
}

RowMajor array(const double* at, int rank) { return Eigen::Map<const RowMajor>(at, units, rank); }

// W = M N^T, times the factor.
VectorXd dense_two_body(const double* p, const VectorXd& r) {
  const int R = ranks.two;
  const MatrixXd W = factor.two * array(p, R) * array(p + units * R, R).transpose();
  return W * r;
}

// W_ijk = sum_r l_ir m_jr n_kr, times the factor.
VectorXd dense_three_body(const double* p, const VectorXd& r) {
  const int R = ranks.three;
  const RowMajor l = array(p, R), m = array(p + units * R, R), n = array(p + 2 * units * R, R);
  VectorXd drive = VectorXd::Zero(units);
  for (int i = 0; i < units; ++i) {
    const MatrixXd W = factor.three * m * l.row(i).asDiagonal() * n.transpose();
    drive(i) = r.dot(W * r);
  }
  return drive;
}

VectorXd dense_drive(LowRankRNN, const VectorXd& p, const VectorXd& r, bool) {
  return dense_two_body(p.data(), r);
}

VectorXd dense_drive(LowRankTBRNN, const VectorXd& p, const VectorXd& r, bool) {
  return dense_three_body(p.data(), r);
}

VectorXd dense_drive(LowRankHORNN, const VectorXd& p, const VectorXd& r, bool gated) {
  const VectorXd two = dense_two_body(p.data(), r);
  const VectorXd three = dense_three_body(p.data() + 2 * units * ranks.two, r);
  const double g = 1 / (1 + std::exp(-p(p.size() - 1)));
  return gated ? VectorXd(g * two + (1 - g) * three) : VectorXd(two + three);
}

template <class F>
VectorXd central_differences(F loss, VectorXd at) {
  const double h = 1e-5;
  VectorXd gradient(at.size());
  for (int i = 0; i < at.size(); ++i) {
    const double here = at(i);
    at(i) = here + h;
    const double above = loss(at);
    at(i) = here - h;
    gradient(i) = (above - loss(at)) / (2 * h);
    at(i) = here;
  }
  return gradient;
}

template <class Model>
class LowRank : public testing::Test {
 protected:
  LowRank() { std::srand(1); }

  VectorXd p = VectorXd::Random(parameter_count<Model>());
  VectorXd r = VectorXd::Random(units), dh = VectorXd::Random(units);
};

template <class Tuple>
struct Types;
template <class... Model>
struct Types<std::tuple<Model...>> {
  using type = testing::Types<Model...>;
};

TYPED_TEST_SUITE(LowRank, Types<Models>::type);

TYPED_TEST(LowRank, DriveEqualsDenseWeights) {
  for (const bool gated : {false, hybrid<TypeParam>}) {
    const VectorXd ours = drive<TypeParam>(this->p, this->r, gated);
    const VectorXd dense = dense_drive(TypeParam{}, this->p, this->r, gated);
    EXPECT_LE((ours - dense).norm(), 1e-14 * dense.norm());
  }
}

TYPED_TEST(LowRank, AdjointEqualsCentralDifferences) {
  using Model = TypeParam;
  for (const bool gated : {false, hybrid<Model>}) {
    const Packed<Model> packed(this->p, gated);
    VectorXd c = packed.P.transpose() * this->r, ds = packed.Q.transpose() * this->dh, dc(c.size());
    Model::mix_adjoint(ranks, Values{c.data()}, Values{ds.data()}, Values{dc.data()});
    const RowMajor dP = this->r * dc.transpose();
    const RowMajor dQ = this->dh * mixed<Model>(c).transpose();
    VectorXd dp = VectorXd::Constant(this->p.size(), NAN);
    Model::pack_adjoint(this->p.data(), units, ranks, factor, gated,
                        Columns<const double>{dP.data(), int(dP.cols())},
                        Columns<const double>{dQ.data(), int(dQ.cols())}, dp.data());

    const auto loss = [&](const VectorXd& p, const VectorXd& r) {
      return this->dh.dot(drive<Model>(p, r, gated));
    };
    const VectorXd dp_expected =
        central_differences([&](const VectorXd& p) { return loss(p, this->r); }, this->p);
    const VectorXd dr_expected =
        central_differences([&](const VectorXd& r) { return loss(this->p, r); }, this->r);
    EXPECT_LE((dp - dp_expected).norm(), 1e-8 * dp_expected.norm());
    EXPECT_LE((packed.P * dc - dr_expected).norm(), 1e-8 * dr_expected.norm());
  }
}

TEST(Readout, ColumnsAreTheTransposeAndBack) {
  const RowMajor w_out = RowMajor::Random(2, units);
  RowMajor packed(units, 2), back(2, units);
  pack_readout(w_out.data(), units, 2, Columns<double>{packed.data(), 2});
  EXPECT_EQ(packed, w_out.transpose());
  pack_readout_adjoint(Columns<const double>{packed.data(), 2}, units, 2, back.data());
  EXPECT_EQ(back, w_out);
}

}  // namespace
