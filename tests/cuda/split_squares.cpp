// A square of the gradient by split products on the emulated device, against float64.
#include <gtest/gtest.h>

#include "matrix_gradient.cuh"
#include "schedules.hpp"
#include "trials.hpp"

namespace {

using namespace tbrnn;
using namespace tbrnn::cuda;

struct Rows {  // [step][row][32]
  int count, steps;
  std::vector<float> at;

  Rows(int count_, int steps_, double low, unsigned seed)
      : count(count_),
        steps(steps_),
        at(as<float>(Numbers(seed).uniform(static_cast<std::size_t>(count * steps * tile_trials),
                                           low, 1))) {}
  StagedRows<float> staged() const { return {{at.data(), count, count}, 0}; }
  double entry(int step, int row, int trial) const {
    return static_cast<double>(
        at[static_cast<std::size_t>((step * count + row) * tile_trials + trial)]);
  }
};

// The largest error of a sum over steps and trials, beside the largest sum; numbers from `low` to 1
double error_of_square(int rows, int columns, int steps, double low) {
  const Rows a(rows, steps, low, 1), b(columns, steps, low, 2);
  std::vector<float> sums;
  EXPECT_EQ(
      emulator::fault_of(
          square_size,
          [&](float* to) {
            emulator::run(
                {.blocks = 1, .threads = block_threads, .shared_bytes = SquareSums<float>::bytes()},
                [&] { sum_split_square(a.staged(), b.staged(), 0, steps, to); });
          },
          sums),
      "");
  double error = 0, largest = 0;
  int found = 0;
  for (int entry = 0; entry < square_size; ++entry) {
    const auto [row, column] = SplitSquares::place(entry);
    if (row >= rows || column >= columns) continue;
    double sum = 0;
    for (int step = 0; step < steps; ++step)
      for (int trial = 0; trial < tile_trials; ++trial)
        sum += a.entry(step, row, trial) * b.entry(step, column, trial);
    const double mine = static_cast<double>(sums[static_cast<std::size_t>(entry)]);
    error = std::max(error, std::fabs(mine - sum));
    largest = std::max(largest, std::fabs(sum));
    ++found;
  }
  EXPECT_EQ(found, rows * columns);
  return error / largest;
}

TEST(SplitSquares, HaveTheSumsOfFloat64) {
  EXPECT_LE(error_of_square(128, 128, 3, -1), 1e-6);
  EXPECT_LE(error_of_square(97, 41, 1, -1), 1e-6);
}

// What tensor cores cut off of a sum would otherwise add up.
TEST(SplitSquares, StayPreciseOverManySteps) {
  if (emulator::sanitized) GTEST_SKIP() << "the sanitizers are slow";
  EXPECT_LE(error_of_square(128, 128, 40, 0), 1e-6);
}

}  // namespace
