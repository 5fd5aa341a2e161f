// The nonlinearities, slopes and normals of every instruction set against the standard library.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cpu/instruction_set.hpp"
#include "equations/noise.hpp"
#include "evaluate.hpp"

namespace {

using namespace tbrnn;
using enum Nonlinearity;

const std::map<std::string, Evaluators (*)()> evaluators = {
    {"baseline", evaluate_baseline},
#if defined(__x86_64__)
    {"avx2", evaluate_avx2},
    {"avx512", evaluate_avx512},
#endif
};

double exact(Nonlinearity kind, double x) {
  switch (kind) {
    case Nonlinearity::tanh: return std::tanh(x);
    case relu: return std::fmax(x, 0);
    case sigmoid: return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
    case softplus: return std::fmax(x, 0) + std::log1p(std::exp(-std::fabs(x)));
    case identity: break;
  }
  return x;
}

double exact_slope(Nonlinearity kind, double x) {
  switch (kind) {
    case Nonlinearity::tanh: return 1 / (std::cosh(x) * std::cosh(x));
    case relu: return x > 0 ? 1 : 0;
    case sigmoid: return 1 / (2 + 2 * std::cosh(x));
    case softplus: return exact(sigmoid, x);
    case identity: break;
  }
  return 1;
}

template <class T>
struct Evaluated {
  std::vector<T> value, slope;
};

class Elementary : public testing::TestWithParam<std::string> {
 protected:
  template <class T>
  static Evaluated<T> evaluate(Nonlinearity kind, std::vector<T> x) {
    const std::size_t count = x.size();
    x.resize((count + 15) / 16 * 16);
    Evaluated<T> result{x, x};
    const Evaluators functions = evaluators.at(GetParam())();
    const auto run = [&](auto function) {
      function(kind, x.data(), static_cast<int>(x.size()), result.value.data(),
               result.slope.data());
    };
    if constexpr (sizeof(T) == 4)
      run(functions.single);
    else
      run(functions.real);
    result.value.resize(count);
    result.slope.resize(count);
    return result;
  }

  // Largest error of the value, in units of max(1, |value|), and largest error of the slope.
  template <class T>
  static std::pair<double, double> errors(Nonlinearity kind, const std::vector<T>& x) {
    const auto ours = evaluate(kind, x);
    double value = 0, slope = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double expected = exact(kind, x[i]);
      value =
          std::fmax(value, std::fabs(ours.value[i] - expected) / std::fmax(1, std::fabs(expected)));
      slope = std::fmax(slope, std::fabs(ours.slope[i] - exact_slope(kind, x[i])));
    }
    return {value, slope};
  }
};

INSTANTIATE_TEST_SUITE_P(On, Elementary, testing::ValuesIn(available_instruction_sets()),
                         [](const auto& info) { return info.param; });

// Every 2039th normal float, of both signs.
std::vector<float> floats() {
  std::vector<float> x;
  for (std::uint32_t bits = 0x00800000u; bits < 0x7f800000u; bits += 2039) {
    x.push_back(std::bit_cast<float>(bits));
    x.push_back(-x.back());
  }
  return x;
}

// Fine near 0, wide enough for every function to saturate.
std::vector<double> doubles() {
  std::vector<double> x;
  for (double wide = -400; wide <= 400; wide += 0.017)
    for (const double y : {wide, 1e-2 * wide, 1e-4 * wide, 1e-9 * wide}) x.push_back(y);
  return x;
}

TEST_P(Elementary, FloatTanhIsWithinThreeUnitsInTheLastPlace) {
  const auto x = floats();
  const auto r = evaluate(Nonlinearity::tanh, x).value;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double expected = std::tanh(static_cast<double>(x[i]));
    const float nearest = std::fabs(static_cast<float>(expected));
    const double ulp = std::nextafter(nearest, INFINITY) - nearest;
    ASSERT_LE(std::fabs(r[i] - expected), 3 * ulp) << "x = " << x[i];
    ASSERT_LE(std::fabs(r[i]), 1.0f) << "x = " << x[i];
  }
}

TEST_P(Elementary, FloatTanhIsOddAndSaturates) {
  const auto x = floats();
  const auto r = evaluate(Nonlinearity::tanh, x).value;
  for (std::size_t i = 0; i < x.size(); i += 2) ASSERT_EQ(r[i], -r[i + 1]) << "x = " << x[i];
  EXPECT_EQ(evaluate<float>(Nonlinearity::tanh, {0.0f, 9.5f, INFINITY, -INFINITY}).value,
            (std::vector<float>{0.0f, 1.0f, 1.0f, -1.0f}));
}

TEST_P(Elementary, DoubleTanhIsRelativelyAccurate) {
  const auto x = doubles();
  const auto r = evaluate(Nonlinearity::tanh, x).value;
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_LE(std::fabs(r[i] - std::tanh(x[i])), 8e-16 * std::fabs(std::tanh(x[i]))) << x[i];
    ASSERT_LE(std::fabs(r[i]), 1.0) << x[i];
  }
}

// A few roundings each: of values up to 1 in the value, of r and 1 - r^2 in the slope.
TEST_P(Elementary, ValuesAndSlopesAreWithinAFewRoundings) {
  constexpr double single = std::numeric_limits<float>::epsilon();
  constexpr double twice = std::numeric_limits<double>::epsilon();
  for (const auto kind : {Nonlinearity::tanh, relu, sigmoid, softplus, identity}) {
    const auto [value, slope] = errors(kind, floats());
    EXPECT_LE(value, 1.5 * single) << static_cast<int>(kind);
    EXPECT_LE(slope, 3 * single) << static_cast<int>(kind);
    const auto [double_value, double_slope] = errors(kind, doubles());
    EXPECT_LE(double_value, 2 * twice) << static_cast<int>(kind);
    EXPECT_LE(double_slope, 4 * twice) << static_cast<int>(kind);
  }
}

TEST_P(Elementary, NotANumberStaysOne) {
  for (const auto kind : {Nonlinearity::tanh, relu, sigmoid, softplus, identity}) {
    EXPECT_TRUE(std::isnan(evaluate<float>(kind, {NAN}).value[0])) << static_cast<int>(kind);
    EXPECT_TRUE(std::isnan(evaluate<double>(kind, {NAN}).value[0])) << static_cast<int>(kind);
  }
}

// Rows of 32 trials, units in blocks of four: unit 4 k + i is the i-th normal of block k.
TEST_P(Elementary, NormalsAreThoseOfTheEquation) {
  constexpr std::uint32_t seed = 0xdeadbeefu, member = 7, epoch = 123456, step = 99, first = 64;
  constexpr int units = 8;
  float single[units][tile_trials];
  double real[units][tile_trials];
  use_instruction_set(GetParam());
  instruction_set().normals(seed, member, epoch, step, first, units, single[0], real[0]);
  for (std::uint32_t lane = 0; lane < tile_trials; ++lane)
    for (int unit = 0; unit < units; unit += 4) {
      std::uint32_t w[4] = {epoch, step, first + lane, noise_block(unit, Purpose::state_noise)};
      philox(w, seed, member);
      double z[4];
      box_muller(w[0], w[1], z[0], z[1]);
      box_muller(w[2], w[3], z[2], z[3]);
      for (int i = 0; i < 4; ++i) {
        ASSERT_NEAR(single[unit + i][lane], z[i], 2e-6) << lane << ", " << unit + i;
        ASSERT_NEAR(real[unit + i][lane], z[i], 1e-14) << lane << ", " << unit + i;
      }
    }
}

}  // namespace
