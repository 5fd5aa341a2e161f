// The low-rank models: their drive against dense weights, their adjoint against central differences.
// Units, two-body rank and three-body rank all differ.
#include <gtest/gtest.h>

#include <type_traits>

#include "central_differences.hpp"
#include "dense.hpp"

namespace {

using namespace tbrnn;
using Eigen::VectorXd;

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

template <class T, class Matrix>
Columns<T> columns(Matrix& matrix) {
  return {matrix.data(), static_cast<int>(matrix.cols())};
}

template <class Model>
struct Packed {
  RowMajor P{units, Model::reductions(ranks)}, Q{units, Model::drives(ranks)};

  Packed(const VectorXd& p, bool gated) {
    Model::pack(p.data(), units, ranks, factor, gated, columns<double>(P), columns<double>(Q));
  }
};

template <class Model>
VectorXd mixed(VectorXd c) {
  VectorXd s(Model::drives(ranks));
  Model::mix(ranks, Values{c.data()}, Values{s.data()});
  return s;
}

template <class Model>
VectorXd drive(const VectorXd& p, const VectorXd& r, bool gated) {
  const Packed<Model> packed(p, gated);
  return packed.Q * mixed<Model>(packed.P.transpose() * r);
}

template <class Model>
class LowRank : public testing::Test {
 protected:
  VectorXd p = VectorXd::Random(parameter_count<Model>());
  VectorXd r = VectorXd::Random(units), dh = VectorXd::Random(units);
};

template <class Tuple>
struct Types;
template <class... Model>
struct Types<std::tuple<Model...>> {
  using type = testing::Types<Model...>;
};

TYPED_TEST_SUITE(LowRank, Types<ChannelModels>::type);

TYPED_TEST(LowRank, DriveEqualsDenseWeights) {
  for (const bool gated : {false, hybrid<TypeParam>}) {
    const VectorXd ours = drive<TypeParam>(this->p, this->r, gated);
    const VectorXd dense = dense_drive(TypeParam{}, this->p.data(), ranks, factor, gated, this->r);
    EXPECT_LE((ours - dense).norm(), 1e-14 * dense.norm());
  }
}

TYPED_TEST(LowRank, AdjointEqualsCentralDifferences) {
  using Model = TypeParam;
  const VectorXd &p = this->p, &r = this->r, &dh = this->dh;
  for (const bool gated : {false, hybrid<Model>}) {
    const Packed<Model> packed(p, gated);
    VectorXd c = packed.P.transpose() * r, ds = packed.Q.transpose() * dh, dc(c.size());
    Model::mix_adjoint(ranks, Values{c.data()}, Values{ds.data()}, Values{dc.data()});
    const RowMajor dP = r * dc.transpose(), dQ = dh * mixed<Model>(c).transpose();
    VectorXd dp = VectorXd::Constant(p.size(), NAN);
    Model::pack_adjoint(p.data(), units, ranks, factor, gated, columns<const double>(dP),
                        columns<const double>(dQ), dp.data());

    const VectorXd dp_expected = central_differences(
        [&](const VectorXd& q) { return dh.dot(drive<Model>(q, r, gated)); }, p);
    const VectorXd dr_expected = central_differences(
        [&](const VectorXd& q) { return dh.dot(drive<Model>(p, q, gated)); }, r);
    EXPECT_LE((dp - dp_expected).norm(), 1e-8 * dp_expected.norm());
    EXPECT_LE((packed.P * dc - dr_expected).norm(), 1e-8 * dr_expected.norm());
  }
}

TEST(Readout, ColumnsAreTheTransposeAndBack) {
  const RowMajor w_out = RowMajor::Random(2, units);
  RowMajor packed(units, 2), back(2, units);
  pack_readout(w_out.data(), units, 2, columns<double>(packed));
  EXPECT_EQ(packed, w_out.transpose());
  pack_readout_adjoint(columns<const double>(packed), units, 2, back.data());
  EXPECT_EQ(back, w_out);
}

}  // namespace
