// From a Spec to the sizes, constants and offsets that kernels read.
#pragma once

#include <limits>
#include <stdexcept>
#include <string>

#include "core/dispatch.hpp"
#include "core/spec.hpp"
#include "product.cuh"
#include "squares.cuh"

namespace tbrnn::cuda {

template <class T>
Shape<T> shape_of(const Spec& spec, Match match, Loss loss, bool noisy_inputs, bool split) {
  constexpr int most_parameters =
      std::numeric_limits<int>::max() / 3;  // a guard keeps three arrays
  if (block_size(spec) > most_parameters)
    throw std::invalid_argument("none: a network has at most " + std::to_string(most_parameters) +
                                " parameters");
  const std::vector<Field> list = fields(spec);
  const auto offset = [&](const char* name) {
    const Field* field = find(list, name);
    return field ? static_cast<int>(field->offset) : -1;
  };
  const ChannelCount count = channel_count(spec);
  const bool on_units = spec.identity_readout || match != Match::outputs,
             rate = spec.form == Form::rate;
  Shape<T> s{};
  s.units = spec.units;
  s.inputs = spec.inputs;
  s.readouts = on_units ? 0 : spec.outputs;
  s.ranks = spec.ranks;
  s.reductions = count.reductions;
  s.drives = count.drives;
  s.form = spec.form;
  s.phi = spec.phi.as<T>();
  s.phi_out = match == Match::outputs ? spec.phi_out.as<T>()
              : match == Match::rates ? s.phi
                                      : Activation<T>{Nonlinearity::identity};
  s.apart = rate && s.phi_out != s.phi;
  s.loss = loss;
  s.noisy_inputs = noisy_inputs;
  s.split = split;
  s.rectified_inputs = spec.rectified_inputs;
  s.gated = spec.gated;
  s.hard_orth = spec.hard_orth;
  s.own_leak = spec.own_leak();
  s.alpha = static_cast<T>(s.own_leak ? 1.0 : spec.alpha);
  s.leak = static_cast<T>(s.own_leak ? 1.0 : 1.0 - spec.alpha);
  const double alpha = spec.folded_alpha();
  s.factors = {static_cast<T>(alpha * spec.scale_two), static_cast<T>(alpha * spec.scale_three)};
  s.product_factor = static_cast<T>(alpha);
  s.excitatory = spec.excitatory;
  s.bulk = spec.bulk != nullptr;
  s.gate = offset("gate");
  with_model(spec.model, [&](auto type) {
    using Model = decltype(type);
    using P = Product<Model>;
    s.preactivations = preactivations_of<Model>;
    s.late = has_late<Model> ? count.drives : 0;
    for (std::size_t i = 0; i < Model::input_weights.size(); ++i) {
      s.input_factor[i] = static_cast<T>(alpha * Model::input_factors[i]);
      s.w_in[i] = offset(Model::input_weights[i]);
      s.b_in[i] = offset(Model::input_biases[i]);
    }
    if constexpr (P::exists) {
      s.product_rows = P::rows(spec.units);
      s.product_pulls = P::pulls(spec.units);
      if (!has_gates(Model::recurrence))
        s.product_squares = P::pairs ? PairSquares{spec.units}.count()
                                     : MatrixSquares{spec.units, spec.units}.count();
      if (P::pairs) {  // in panels, both ways
        const std::size_t columns = static_cast<std::size_t>(s.columns()),
                          entries = PairPanels{spec.units, true, P::linear(), split}.size() +
                                    PairPanels{spec.units, false, P::linear(), split}.size();
        s.product_pulls = static_cast<int>((entries + columns - 1) / columns);
      }
      s.gate = -1;  // the product's, not the channels'
    }
  });
  s.w_out = offset("w_out");
  s.b_out = offset("b_out");
  s.parameters = static_cast<int>(block_size(spec));
  return s;
}

}  // namespace tbrnn::cuda
