// Blocks that share a member on the emulated device: the same bits as a block that has it to itself, in every order of execution.
#include <gtest/gtest.h>

#include "against_cpu.hpp"
#include "training_against_cpu.hpp"

namespace {

using namespace tbrnn;
using emulator::Device;

Spec spec_of(const char* model, int rank, int units) {
  Spec spec;
  spec.model = model;
  spec.units = units;
  spec.ranks = {rank, rank};
  spec.inputs = 2;
  spec.outputs = 3;
  spec.alpha = 0.5;
  spec.scale_two = spec.scale_three = 1.0 / units;
  spec.excitatory = units - units / 3;
  spec.form = spec.model.ends_with("GRU") ? Form::voltage : Form::rate;
  return spec;
}

// Two members on five multiprocessors: two blocks for each, or with a product stage, of which two fit on one, five. 70 trials are three
// tiles, the last not full.
template <class T>
void expect_the_same_gradient(const Spec& spec, Match match, int trials = 70, int blocks = 4) {
  SCOPED_TRACE(spec.model + " of " + std::to_string(spec.units) + " units");
  const Case c(spec, match, Experiment(spec, match, trials, 2, 1, true), 0.1, 0.2);
  std::vector<double> alone, shared;
  {
    const Device small(1);
    ASSERT_EQ(emulate<T>(c, alone), "");
    EXPECT_FALSE(emulator::last_launch.cooperative);
  }
  const Device large(5);
  ASSERT_EQ(emulate<T>(c, shared), "");
  EXPECT_TRUE(emulator::last_launch.cooperative);
  EXPECT_EQ(emulator::last_launch.blocks, blocks);
  EXPECT_EQ(shared, alone);
}

TEST(SharedMembers, HaveTheGradientOfOneBlock) {
  expect_the_same_gradient<float>(spec_of("LowRankRNN", 1, 30), Match::outputs);  // in registers
  expect_the_same_gradient<float>(spec_of("LowRankTBRNN", 2, 7), Match::rates);
  expect_the_same_gradient<float>(spec_of("LowRankGRU", 1, 7), Match::outputs);
  expect_the_same_gradient<double>(spec_of("LowRankHORNN", 4, 33), Match::outputs);
}

TEST(SharedMembers, HaveTheGradientOfOneBlockThatTakesTheirTrialsInTurn) {
  expect_the_same_gradient<float>(spec_of("RNN", 0, 33), Match::outputs, 5, 10);
  expect_the_same_gradient<float>(spec_of("TBRNN", 0, 7), Match::rates, 33, 10);
  expect_the_same_gradient<float>(spec_of("LeakyGRU", 0, 7), Match::outputs, 5, 10);
  expect_the_same_gradient<double>(spec_of("HORNN", 0, 5), Match::outputs, 5);
  expect_the_same_gradient<float>(spec_of("EIRNN", 0, 3), Match::outputs, 259,
                                  10);  // in bunches of two
}

void expect_the_training_of_one_block(const Group<float>& group, int blocks) {
  SCOPED_TRACE(group.spec.model);
  const auto alone = numbers_of(emulated(group));
  const Device large(4);
  EXPECT_EQ(fault(group), "");
  EXPECT_EQ(numbers_of(emulated(group)), alone);
  EXPECT_TRUE(emulator::last_launch.cooperative);
  EXPECT_EQ(emulator::last_launch.blocks, blocks);
}

Group<float> looked_at(const char* model, int rank) {
  Group<float> group(spec_of(model, rank, 7), 0.2);
  Course c{.sigma = 0.1, .lr_first = 0.02, .lr_last = 0.01, .lr_epochs = 3, .epochs = 3};
  c.clip = 0.05;
  c.record_every = 1;
  group.add(c, true);  // with validation
  c.batch = 20;
  c.target_loss = 10.0;
  group.add(c);  // in batches, and converges at the first look
  return group;
}

TEST(SharedMembers, AreTrainedAsByOneBlock) {
  expect_the_training_of_one_block(looked_at("LowRankHORNN", 1), 4);
  expect_the_training_of_one_block(looked_at("TBRNN", 0), 8);
}

Group<float> guarded(const char* model, int rank) {
  Group<float> group(spec_of(model, rank, 7), 0.2);
  Course c{.lr_first = 4.0, .lr_last = 2.0, .lr_epochs = 4, .epochs = 4};
  c.guard_back = 2;
  c.guard_loss = 0.0;
  c.guard_growth = 1.1;
  c.guard_most = 3;
  group.add(c);
  c.batch = 20;
  group.add(c);
  return group;
}

TEST(SharedMembers, GoBackAsOneBlockDoes) {
  expect_the_training_of_one_block(guarded("LowRankHORNN", 1), 4);
  const auto group = guarded("TBRNN", 0);
  expect_the_training_of_one_block(group, 8);
  for (const auto& of_member : emulated(group)) EXPECT_GT(of_member.rollbacks, 0);
}

TEST(SharedMembers, TakeTheBlocksThatMembersWithAnEndLeaveFree) {
  Group<float> group(spec_of("LowRankRNN", 2, 7));
  for (const long epochs : {1L, 1L, 6L})
    group.add({.lr_first = 0.02, .lr_last = 0.02, .epochs = epochs});
  const auto alone = numbers_of(emulated(group));
  const Device three(3);
  EXPECT_EQ(numbers_of(emulated(group, 2)), alone);
  EXPECT_EQ(emulator::last_launch.blocks, 3);  // of the last member, which has three parts
  EXPECT_TRUE(emulator::last_launch.cooperative);
}

}  // namespace
