// The sums of pairs by split products of a block on the emulated device, against those in float64, from weights that it has packed.
#include <gtest/gtest.h>

#include "schedules.hpp"
#include "team_training.cuh"
#include "trials.hpp"

namespace {

using namespace tbrnn;
using namespace tbrnn::cuda;

// y [unit of the panel][trial] = sum_j r_j (sum_k w_jk b_k) + sum_j v_j b_j, of one panel of units
struct Panel {
  PairPanels at;
  int first_unit;
  std::vector<float> w, v, r, b;

  Panel(const PairPanels& panels, int unit) : at(panels), first_unit(unit) {
    const std::size_t n = static_cast<std::size_t>(at.units);
    w = as<float>(Numbers(1).uniform(n * n * n, -1, 1));
    v = as<float>(Numbers(2).uniform(n * n, -1, 1));
    r = as<float>(Numbers(3).uniform(n * tile_trials, -1, 1));
    b = as<float>(Numbers(4).uniform(n * tile_trials, -1, 1));
  }

  float pair(int unit, int j, int k) const {
    return at.half && k < j ? 0 : w[static_cast<std::size_t>((unit * at.units + j) * at.units + k)];
  }
  float neighbour(int unit, int j) const {
    return v[static_cast<std::size_t>(unit * at.units + j)];
  }
  int units() const { return std::min(panel_units, at.units - first_unit); }

  std::vector<double> expected() const {
    std::vector<double> y;
    const auto of = [](const std::vector<float>& rows, int n, int trial) {
      return static_cast<double>(rows[static_cast<std::size_t>(n * tile_trials + trial)]);
    };
    for (int unit = first_unit; unit < first_unit + units(); ++unit)
      for (int trial = 0; trial < tile_trials; ++trial) {
        double& sum = y.emplace_back(0);
        for (int j = 0; j < at.units; ++j) {
          if (at.linear) sum += static_cast<double>(neighbour(unit, j)) * of(b, j, trial);
          for (int k = 0; k < at.units; ++k)
            sum += of(r, j, trial) * static_cast<double>(pair(unit, j, k)) * of(b, k, trial);
        }
      }
    return y;
  }

  void compute(float* y) const {
    dev::Memory<float> packed(at.size());
    const std::size_t bytes = sizeof(float) * PairMemory<float>::rows * tile_trials;
    emulator::run({.blocks = 1, .threads = block_threads, .shared_bytes = bytes}, [&] {
      pack_panels(
          Workers(), at, packed.data(), [&](int i, int j, int k) { return pair(i, j, k); },
          [&](int i, int j) { return neighbour(i, j); });
      dev::block_barrier();
      OwnUnits own(at.units, Workers());
      own.begin = first_unit;
      own.end = first_unit + units();
      each_sum_of_pairs<true, float>(at, packed.data(), r.data(), b.data(), own,
                                     [&](int unit, const Number<float>(&sum)[1]) {
                                       *row_at(y, unit - first_unit) = sum[0].v;
                                     });
    });
  }
};

void expect_the_sums(const PairPanels& at, int first_unit) {
  SCOPED_TRACE(std::to_string(at.units) + " units" + (at.half ? ", half" : "") +
               (at.linear ? ", linear" : ""));
  const Panel panel(at, first_unit);
  const std::vector<double> expected = panel.expected();
  std::vector<float> y;
  EXPECT_EQ(emulator::fault_of(
                expected.size(), [&](float* out) { panel.compute(out); }, y),
            "");
  EXPECT_LE(distance({y.begin(), y.end()}, expected), 1e-6);
}

TEST(SplitPairs, HaveTheSumsOfFloat64) {
  for (const bool half : {true, false})
    for (const bool linear : {true, false}) {
      expect_the_sums({65, half, linear, true}, 0);
      expect_the_sums({67, half, linear, true}, 64);
    }
}

TEST(SplitPairs, HaveTheSumsOfFloat64OfMoreRowsThanTheMemoryHas) {
  for (const bool half : {true, false}) expect_the_sums({133, half, half, true}, 128);
}

}  // namespace
