// Learning rates: both ends, the middle, and what comes after.
#include "equations/schedule.hpp"

#include <gtest/gtest.h>

namespace {

using namespace tbrnn;

TEST(Schedule, LinearRunsFromFirstToLastAndStays) {
  const Schedule s{Ramp::linear, 1e-2, 1e-3, 100};
  EXPECT_DOUBLE_EQ(learning_rate(s, 0), 1e-2);
  EXPECT_DOUBLE_EQ(learning_rate(s, 50), 5.5e-3);
  EXPECT_DOUBLE_EQ(learning_rate(s, 100), 1e-3);
  EXPECT_DOUBLE_EQ(learning_rate(s, 101), 1e-3);
}

TEST(Schedule, CosineStartsAndEndsFlat) {
  const Schedule s{Ramp::cosine, 1e-2, 1e-3, 100};
  EXPECT_DOUBLE_EQ(learning_rate(s, 0), 1e-2);
  EXPECT_NEAR(learning_rate(s, 1), 1e-2, 3e-6);
  EXPECT_DOUBLE_EQ(learning_rate(s, 50), 5.5e-3);
  EXPECT_DOUBLE_EQ(learning_rate(s, 100), 1e-3);
  EXPECT_DOUBLE_EQ(learning_rate(s, 101), 1e-3);
}

}  // namespace
