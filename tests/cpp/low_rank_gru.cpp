// The gated unit: one step of a small network from its packed weights against the published equations, and all adjoints against
// central differences.
#include "equations/low_rank_gru.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "central_differences.hpp"
#include "cpu/simd.hpp"
#include "dense.hpp"

namespace {

using namespace tbrnn;
using Eigen::VectorXd;
using P = Pack<double>;
using Gru = LowRankGRU;

constexpr int units = 7, rank = 3;
constexpr Ranks ranks{rank, 0};
constexpr Factors<double> scale{1.0 / units, 0.0};
constexpr double alpha = 0.3;

double number(P p) {
  double lane[P::lanes];
  p.store(lane);
  return lane[0];
}

double sigmoid(double v) { return 1 / (1 + std::exp(-v)); }

struct Packed {
  RowMajor overlaps{units, 2 * rank}, late{units, rank}, drives{3 * units, rank};

  explicit Packed(const VectorXd& p) {
    Gru::pack(p.data(), units, ranks, scale, {overlaps.data(), 2 * rank}, {late.data(), rank},
              {drives.data(), rank});
  }
  auto drive(int preactivation) const { return drives.middleRows(preactivation * units, units); }
};

// The sums of the drives of one pre-activation, from the overlaps of y.
VectorXd preactivation(const Packed& packed, int i, const VectorXd& y) {
  const RowMajor read =
      i == Gru::candidate ? packed.late : packed.overlaps.middleCols(i * rank, rank);
  return packed.drive(i) * (read.transpose() * y);
}

VectorXd packed_step(const VectorXd& p, const VectorXd& x) {
  const Packed packed(p);
  const VectorXd q = preactivation(packed, Gru::reset, x).array().tanh(),
                 z = preactivation(packed, Gru::update, x).array().tanh();
  VectorXd y(units), next(units);
  for (int n = 0; n < units; ++n) y(n) = number(Gru::gated(P(x(n)), P(q(n))));
  const VectorXd g = preactivation(packed, Gru::candidate, y).array().tanh();
  for (int n = 0; n < units; ++n)
    next(n) = number(Gru::step(P(x(n)), P(z(n)), P(g(n)), P(alpha / 2)));
  return next;
}

VectorXd published_step(const VectorXd& p, const VectorXd& x) {
  const auto matrix = [&](int i) { return vectors(p.data(), units, rank, i); };
  const auto drive = [&](int gate, const VectorXd& y) {
    return VectorXd(matrix(2 * gate) * (matrix(2 * gate + 1).transpose() * y) / units);
  };
  const VectorXd q = drive(0, x).unaryExpr(&sigmoid), z = drive(1, x).unaryExpr(&sigmoid);
  const VectorXd g = drive(2, q.cwiseProduct(x)).array().tanh();
  const VectorXd h = (1 - z.array()) * g.array() + z.array() * x.array();
  return x + alpha * (h - x);
}

TEST(LowRankGRU, StepIsThePublishedOne) {
  const VectorXd p = VectorXd::Random(6 * units * rank), x = VectorXd::Random(units);
  EXPECT_LE((packed_step(p, x) - published_step(p, x)).norm(), 1e-15);
}

TEST(LowRankGRU, StepAdjoint) {
  const double lambda = 0.9, h = 0.7, v = -0.4;  // pre-activations of candidate and update gate / 2
  const VectorXd at = (VectorXd(3) << 0.6, v, h).finished();
  const auto next = [&](const VectorXd& w) {
    return lambda *
           number(Gru::step(P(w(0)), P(std::tanh(w(1))), P(std::tanh(w(2))), P(alpha / 2)));
  };
  const double g = std::tanh(h);
  const auto d =
      Gru::step_adjoint(P(at(0)), P(std::tanh(v)), P(g), P(alpha / 2), P(1 - g * g), P(lambda));
  const VectorXd ours =
      (VectorXd(3) << number(d.x), number(d.update), number(d.candidate)).finished();
  EXPECT_LE((ours - central_differences(next, at)).norm(), 1e-9);
}

TEST(LowRankGRU, GatedAdjoint) {
  const double v = 1.3;
  const VectorXd at = (VectorXd(2) << 0.6, -0.4).finished();  // x, reset pre-activation / 2
  const auto gated = [&](const VectorXd& w) {
    return v * number(Gru::gated(P(w(0)), P(std::tanh(w(1)))));
  };
  const auto d = Gru::gated_adjoint(P(at(0)), P(std::tanh(at(1))), P(v));
  const VectorXd ours = (VectorXd(2) << number(d.x), number(d.reset)).finished();
  EXPECT_LE((ours - central_differences(gated, at)).norm(), 1e-9);
}

TEST(LowRankGRU, PackAdjoint) {
  const VectorXd p = VectorXd::Random(6 * units * rank);
  const RowMajor dP = RowMajor::Random(units, 2 * rank), dL = RowMajor::Random(units, rank),
                 dQ = RowMajor::Random(3 * units, rank);
  const auto loss = [&](const VectorXd& q) {
    const Packed packed(q);
    return packed.overlaps.cwiseProduct(dP).sum() + packed.late.cwiseProduct(dL).sum() +
           packed.drives.cwiseProduct(dQ).sum();
  };
  VectorXd ours = VectorXd::Constant(p.size(), NAN);
  Gru::pack_adjoint<double>(units, ranks, scale, {dP.data(), 2 * rank}, {dL.data(), rank},
                            {dQ.data(), rank}, ours.data());
  EXPECT_LE((ours - central_differences(loss, p)).norm(), 1e-8);
}

}  // namespace
