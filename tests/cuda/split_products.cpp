// Products of small matrices by the lanes of an emulated warp, and what split products make of them, against float64.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "schedules.hpp"
#include "split.cuh"
#include "trials.hpp"

namespace {

using namespace tbrnn;
using cuda::Split;
using emulator::Launch;

constexpr Launch one_warp{.blocks = 1, .threads = 32};

// a [16][8], b [8][8], both of numbers in -1 ... 1, and the product that `multiply` makes of them
struct Matrices {
  std::vector<float> a = as<float>(Numbers(1).uniform(16 * 8, -1, 1)),
                     b = as<float>(Numbers(2).uniform(8 * 8, -1, 1));

  double entry(int row, int column) const {
    double sum = 0;
    for (int k = 0; k < 8; ++k)
      sum += static_cast<double>(a[static_cast<std::size_t>(row * 8 + k)]) *
             static_cast<double>(b[static_cast<std::size_t>(k * 8 + column)]);
    return sum;
  }
  // multiply(d, a, b) on the fragments of a lane; d starts with 1
  template <class Multiply>
  std::vector<float> product(Multiply multiply) const {
    std::vector<float> d;
    EXPECT_EQ(emulator::fault_of(
                  16 * 8,
                  [&](float* out) { emulator::run(one_warp, [&] { of_lane(multiply, out); }); }, d),
              "");
    return d;
  }
  double error(const std::vector<float>& d) const {
    double most = 0;
    for (int row = 0; row < 16; ++row)
      for (int column = 0; column < 8; ++column)
        most = std::max(
            most, std::fabs(static_cast<double>(d[static_cast<std::size_t>(row * 8 + column)]) - 1 -
                            entry(row, column)));
    return most;
  }

 private:
  template <class Multiply>
  void of_lane(Multiply multiply, float* out) const {
    const int g = dev::thread() / 4, c = dev::thread() % 4;
    const auto of_a = [&](int row, int k) { return a[static_cast<std::size_t>(row * 8 + k)]; };
    const auto of_b = [&](int k, int n) { return b[static_cast<std::size_t>(k * 8 + n)]; };
    const float mine_a[4] = {of_a(g, c), of_a(g + 8, c), of_a(g, c + 4), of_a(g + 8, c + 4)},
                mine_b[2] = {of_b(c, g), of_b(c + 4, g)};
    float d[4] = {1, 1, 1, 1};
    multiply(d, mine_a, mine_b);
    for (int i = 0; i < 4; ++i) out[(g + i / 2 * 8) * 8 + 2 * c + i % 2] = d[i];
  }
};

TEST(MatrixUnits, MultiplyNumbersOfElevenDigits) {
  const Matrices m;
  const double error =
      m.error(m.product([](auto& d, const auto& a, const auto& b) { dev::add_product(d, a, b); }));
  EXPECT_LE(error, 8 * 0x1p-9);
  EXPECT_GE(error, 0x1p-13);  // what is behind these digits is lost
  Matrices few = m;
  for (auto* list : {&few.a, &few.b})
    for (float& x : *list) x = std::round(x * 128) / 128;
  EXPECT_EQ(few.error(few.product(
                [](auto& d, const auto& a, const auto& b) { dev::add_product(d, a, b); })),
            0);
}

TEST(MatrixUnits, ReportALaneThatIsMissing) {
  std::vector<float> numbers;
  const std::string fault = emulator::fault_of(
      32,
      [&](float* out) {
        emulator::run(one_warp, [&] {
          const float a[4] = {}, b[2] = {};
          float d[4] = {};
          if (dev::thread() != 5) dev::add_product(d, a, b);
          out[dev::thread()] = d[0];
        });
      },
      numbers);
  EXPECT_NE(fault.find("a shuffle that not every lane of its mask reaches"), std::string::npos);
}

TEST(SplitProducts, AreAsPreciseAsFloat32) {
  const Matrices m;
  const auto split = [](auto& d, const auto& a, const auto& b) {
    float sum[1][4] = {};
    const Split<4> of_a[1] = {Split<4>(a)};
    const Split<2> of_b[1][1] = {{Split<2>(b)}};
    cuda::add_products(sum, of_a, of_b);
    for (int i = 0; i < 4; ++i) d[i] += sum[0][i];
  };
  EXPECT_LE(m.error(m.product(split)), 6e-7);
}

TEST(SplitProducts, HaveBothPartsOfANumber) {
  for (const double x : Numbers(3).uniform(1000, -2, 2)) {
    const float number = static_cast<float>(x);
    const float list[1] = {number};
    const Split<1> parts(list);
    for (const float part : {parts.high[0], parts.low[0]}) EXPECT_EQ(emulator::tf32(part), part);
    EXPECT_LE(std::fabs(parts.low[0]), std::ldexp(std::fabs(number), -11));
    EXPECT_LE(std::fabs(number - parts.high[0] - parts.low[0]), std::ldexp(std::fabs(number), -22));
  }
}

TEST(SplitProducts, KeepWhatIsNotANumber) {
  const float bad[2] = {std::numeric_limits<float>::quiet_NaN(),
                        std::numeric_limits<float>::infinity()};
  const Split<2> parts(bad);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(std::isnan(parts.low[i]));
}

}  // namespace
