// Philox4x32-10 against the known answers of its authors (Random123, kat_vectors), and Box-Muller.
#include "equations/noise.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace {

using namespace tbrnn;
using Words = std::array<std::uint32_t, 4>;

Words draw(Words counter, std::uint32_t key0, std::uint32_t key1) {
  std::uint32_t words[4] = {counter[0], counter[1], counter[2], counter[3]};
  philox(words, key0, key1);
  return {words[0], words[1], words[2], words[3]};
}

TEST(Philox, KnownAnswers) {
  const std::uint32_t ones = 0xffffffffu;
  EXPECT_EQ(draw({0, 0, 0, 0}, 0, 0), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(draw({ones, ones, ones, ones}, ones, ones),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(draw({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0xa4093822, 0x299f31d0),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, BlocksOfUnitsAndPurposesDiffer) {
  EXPECT_EQ(noise_block(3, Purpose::state_noise), noise_block(0, Purpose::state_noise));
  EXPECT_NE(noise_block(4, Purpose::state_noise), noise_block(3, Purpose::state_noise));
  EXPECT_NE(noise_block(0, Purpose::shuffle), noise_block(0, Purpose::input_noise));
}

TEST(BoxMuller, UniformsNeverReachZeroOrOne) {
  EXPECT_EQ(open_uniform<float>(0u), 0x1p-24f);
  EXPECT_EQ(open_uniform<float>(0xffffffffu), 1.0f - 0x1p-24f);
  EXPECT_EQ(open_uniform<double>(0xffffffffu), 1.0 - 0x1p-24);
}

TEST(BoxMuller, RadiusAndAngle) {
  const std::uint32_t radius = 0x12345678u, angle = 0x9abcdef0u;
  double z0, z1;
  box_muller(radius, angle, z0, z1);
  EXPECT_NEAR(std::hypot(z0, z1), std::sqrt(-2.0 * std::log(open_uniform<double>(radius))), 1e-14);
  EXPECT_NEAR(std::fmod(std::atan2(z1, z0) / (2.0 * std::acos(-1.0)) + 1.0, 1.0),
              open_uniform<double>(angle), 1e-14);
}

}  // namespace
