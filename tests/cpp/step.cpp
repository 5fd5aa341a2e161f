// The leaky step and the squared error of one unit, each adjoint against central differences.
#include <gtest/gtest.h>

#include <cmath>

#include "cpu/simd.hpp"
#include "equations/leak.hpp"
#include "equations/loss.hpp"

namespace {

using namespace tbrnn;
using P = Pack<double>;

constexpr double alpha = 0.3, leak = 1 - alpha, tolerance = 1e-9;

double number(P p) {
  double lane[P::lanes];
  p.store(lane);
  return lane[0];
}

template <class F>
double derivative(F f, double x) {
  const double h = 1e-5;
  return (f(x + h) - f(x - h)) / (2 * h);
}

// rate form: x' = leak x + w tanh(x), so that lambda w arrives through the channels
TEST(Leak, RateAdjoint) {
  const double x = 0.4, w = 1.7, lambda_next = 0.9, slope = 1 - std::tanh(x) * std::tanh(x);
  const auto next = [&](double y) { return lambda_next * (leak * y + w * std::tanh(y)); };
  const P lambda = leak_rate_adjoint(P(lambda_next), P(w * lambda_next), P(slope), P(leak));
  EXPECT_NEAR(number(lambda), derivative(next, x), tolerance);
}

// voltage form: x' = leak x + alpha tanh(w x + v)
TEST(Leak, VoltageAdjoint) {
  const double x = 0.4, w = 1.7, v = -0.2, lambda_next = 0.9, r = std::tanh(w * x + v);
  const auto next = [&](double y, double drive) {
    return lambda_next * number(leak_voltage(P(y), P(std::tanh(w * y + drive)), P(leak), P(alpha)));
  };
  const P e = preactivation_adjoint(P(lambda_next), P(1 - r * r), P(alpha));
  const P lambda = leak_voltage_adjoint(P(lambda_next), P(w) * e, P(leak));
  EXPECT_NEAR(number(e), derivative([&](double d) { return next(x, d); }, v), tolerance);
  EXPECT_NEAR(number(lambda), derivative([&](double y) { return next(y, v); }, x), tolerance);
}

TEST(Leak, AlphaOneForgetsTheState) {
  EXPECT_EQ(number(leak_voltage(P(123.0), P(0.5), P(0.0), P(1.0))), 0.5);
}

TEST(Loss, AdjointOfTheMaskedMean) {
  const double y = 0.3, w = 0.5, weights = 4.0;
  const auto loss = [&](double o) {
    return number(squared_error(P(o), P(y), P(w), P(0.0))) / weights;
  };
  EXPECT_NEAR(number(squared_error_adjoint(P(0.8), P(y), P(w), P(2 / weights))),
              derivative(loss, 0.8), tolerance);
  EXPECT_EQ(number(squared_error(P(0.8), P(y), P(0.0), P(1.25))), 1.25);
}

}  // namespace
