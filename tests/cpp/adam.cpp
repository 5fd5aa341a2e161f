// Adam against the published form with bias-corrected moments, and the decay of AdamW.
#include "equations/adam.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace {

using namespace tbrnn;

TEST(Adam, EqualsThePublishedForm) {
  double p = 0.7, m = 0, v = 0;
  double expected = p, first = 0, second = 0;
  for (int step = 1; step <= 50; ++step) {
    const double lr = 1e-2 / step, g = std::sin(1.3 * step) + 0.2;
    first = 0.9 * first + 0.1 * g;
    second = 0.999 * second + 0.001 * g * g;
    const double mean = first / (1 - std::pow(0.9, step));
    const double square = second / (1 - std::pow(0.999, step));
    expected -= lr * mean / (std::sqrt(square) + 1e-8);
    adam(adam_step(lr, step), g, m, v, p);
    ASSERT_NEAR(p, expected, 1e-15) << "step " << step;
  }
}

TEST(Adam, FirstStepHasTheLengthOfTheLearningRate) {
  for (const double g : {-1e3, -1e-3, 1e-3, 1e3}) {
    double p = 0, m = 0, v = 0;
    adam(adam_step(0.01, 1), g, m, v, p);
    EXPECT_NEAR(p, -std::copysign(0.01, g), 1e-6);
  }
}

TEST(Adam, AZeroGradientMovesNothing) {
  float p = 0.5f, m = 0, v = 0;
  adam(adam_step(0.01, 1), 0.0f, m, v, p);
  EXPECT_EQ(p, 0.5f);
}

TEST(AdamW, ShrinksTheWeightByTheRateTimesTheDecay) {
  double p = 2.0;
  shrink(0.1, 0.5, p);
  EXPECT_DOUBLE_EQ(p, 1.9);
}

}  // namespace
