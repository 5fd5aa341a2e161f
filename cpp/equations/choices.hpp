// The named choices that a network is made of.
#pragma once

namespace tbrnn {

enum class Recurrence { channel, dense, pairs };  // what computes the drive
enum class Form { rate, voltage };
enum class Nonlinearity { tanh, relu, sigmoid, softplus, identity };
enum class Match { outputs, rates, states };  // what the loss compares with the targets

// Ranks of the two-body (pairwise) and of the three-body part of a drive.
struct Ranks {
  int two = 0;
  int three = 0;
};

}  // namespace tbrnn
