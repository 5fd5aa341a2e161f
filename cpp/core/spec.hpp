// What a network is: its model, sizes, form and options, and the parameters that follow from them.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "equations/choices.hpp"

namespace tbrnn {

using Constant = std::shared_ptr<const std::vector<double>>;  // an array that no training changes

struct Bound {  // of every entry of a parameter array
  std::string field;
  double low, high;
};

struct Spec {
  std::string model;  // a name of equations/models.hpp
  int units = 0;
  Ranks ranks;
  int inputs = 0, outputs = 0;
  double alpha = 0.2;               // dt / tau
  std::vector<double> alphas = {};  // of each unit; empty where all have alpha
  double cubic = 0.0;               // gamma of the leak's -gamma x^3
  Form form = Form::rate;
  Activation<double> phi = {};
  Activation<double> phi_out = {};            // of the readout, rate form only
  double scale_two = 1.0, scale_three = 1.0;  // factors on the two-body and the three-body drive
  bool input_bias = true, output_bias = true;
  bool identity_readout = false;  // the outputs are all units
  bool gated = false;             // hybrid: g two-body + (1 - g) three-body
  bool hard_orth = false;         // three-body: L without its part in the input space
  int excitatory = 0;             // EIRNN: the first so many units excite, the others inhibit
  std::vector<std::pair<std::string, Constant>> masks = {};  // of parameters by name
  Constant bulk = {};             // low rank: a fixed matrix [unit][unit] beside the channels
  bool rectified_inputs = false;  // noisy inputs that fall below 0 are 0
  std::vector<Bound> bounds = {};

  void check() const;  // throws std::invalid_argument
  bool own_leak() const { return !alphas.empty() || cubic != 0.0; }
  // In rate form alpha is folded into the weights, unless the units have leaks of their own.
  double folded_alpha() const { return form == Form::rate && !own_leak() ? alpha : 1.0; }
};

struct Field {
  std::string name;
  std::vector<int> shape;
  std::size_t offset;
  std::size_t size;
};

// The parameters in the order of the flat block: the model's own, then w_in, b_in (of each pre-activation), w_out, b_out.
std::vector<Field> fields(const Spec&);
std::size_t block_size(const Spec&);
const Field* find(const std::vector<Field>&, std::string_view name);

// Where units have leaks of their own, [3][unit]: 1 - alpha, alpha, and alpha gamma; else empty.
std::vector<double> unit_leaks(const Spec&);

// The recurrent channels of a model: K reductions and C drives.
struct ChannelCount {
  int reductions;
  int drives;
};
ChannelCount channel_count(const Spec&);

}  // namespace tbrnn
