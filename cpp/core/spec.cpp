#include "core/spec.hpp"

#include <stdexcept>

#include "core/dispatch.hpp"
#include "equations/hard_orth.hpp"

namespace tbrnn {

namespace {

void require(bool holds, const std::string& message) {
  if (!holds) throw std::invalid_argument(message);
}

void check_bound(const Bound& bound, const std::vector<Field>& list) {
  std::string names;
  for (const Field& field : list) names += field.name + ", ";
  require(find(list, bound.field), "bounds must name parameters, " + names + "got " + bound.field);
  require(bound.low <= bound.high, "bounds of " + bound.field + " must be (low, high)");
}

void check_activation(const char* name, const Activation<double>& phi) {
  const std::string argument(name);
  require(phi.gain > 0 && phi.height > 0, "gain and height of " + argument + " must be above 0");
  require(phi.leak >= 0 && phi.leak < 1, "leak of " + argument + " must lie in [0, 1)");
  require(phi.leak == 0 || phi.kind == Nonlinearity::relu,
          "leak of " + argument + " belongs to relu");
}

}  // namespace

void Spec::check() const {
  const ChannelCount channels = channel_count(*this);
  require(units >= 1, "units must be at least 1, got " + std::to_string(units));
  require(inputs >= 1, "inputs must be at least 1, got " + std::to_string(inputs));
  require(outputs >= 1, "outputs must be at least 1, got " + std::to_string(outputs));
  require(ranks.two >= 0 && ranks.three >= 0, "ranks must not be negative");
  require(ranks.two <= units && ranks.three <= units,
          "ranks must not exceed units = " + std::to_string(units));
  const auto check_alpha = [](double a) {
    require(a > 0.0 && a <= 1.0, "alpha must lie in (0, 1], got " + std::to_string(a));
  };
  check_alpha(alpha);
  for (const double a : alphas) check_alpha(a);
  require(alphas.empty() || alphas.size() == static_cast<std::size_t>(units),
          "alphas must hold one for each of " + std::to_string(units) + " units, got " +
              std::to_string(alphas.size()));
  require(cubic >= 0.0, "cubic must not be negative, got " + std::to_string(cubic));
  check_activation("phi", phi);
  check_activation("phi_out", phi_out);
  require(!identity_readout || outputs == units,
          "an identity readout needs outputs = units = " + std::to_string(units) + ", got " +
              std::to_string(outputs));
  with_model(model, [&](auto type) {
    constexpr Recurrence recurrence = decltype(type)::recurrence;
    require(channels.drives >= 1 || has_matrix(recurrence) || recurrence == Recurrence::pairs,
            "ranks must not all be zero");
    require(form == Form::voltage || !has_gates(recurrence),
            "form must be voltage (the rates are the states) for " + model);
    require(!own_leak() || !has_gates(recurrence),
            "alphas and cubic belong to networks without gates, got model " + model);
    require(!gated || decltype(type)::has_gate,
            "gated belongs to LowRankHORNN and HORNN, got model " + model);
    require(!bulk || recurrence == Recurrence::channel,
            "bulk belongs to low-rank models, got model " + model);
    require(!hard_orth || decltype(type)::has_hard_orth,
            "hard_orth belongs to LowRankTBRNN, got model " + model);
  });
  require(excitatory >= 0 && excitatory <= units,
          "excitatory must lie in [0, units], got " + std::to_string(excitatory));
  const std::size_t square = static_cast<std::size_t>(units) * static_cast<std::size_t>(units);
  require(!bulk || bulk->size() == square, "bulk must be (unit, unit)");
  const auto list = fields(*this);
  for (const auto& [name, mask] : masks) {
    const Field* field = find(list, name);
    require(field && field->size == mask->size(), "masks must have the shapes of parameters, got " +
                                                      std::to_string(mask->size()) +
                                                      " numbers for " + name);
  }
  for (const Bound& bound : bounds) check_bound(bound, list);
  require(!hard_orth || inputs < hard_orth_columns, "hard_orth takes fewer than " +
                                                        std::to_string(hard_orth_columns) +
                                                        " inputs, got " + std::to_string(inputs));
}

std::vector<Field> fields(const Spec& spec) {
  std::vector<Field> list;
  std::size_t offset = 0;
  const auto add = [&](const char* name, std::vector<int> shape) {
    std::size_t size = 1;
    for (int length : shape) size *= static_cast<std::size_t>(length);
    list.push_back({name, std::move(shape), offset, size});
    offset += size;
  };
  with_model(spec.model, [&](auto model) {
    using Model = decltype(model);
    for (std::size_t i = 0; i < Model::arrays.size(); ++i)
      add(Model::arrays[i], {spec.units, Model::rank_of(spec.ranks, static_cast<int>(i))});
    for (const Tensor& tensor : Model::tensors)
      add(tensor.name, std::vector<int>(static_cast<std::size_t>(tensor.axes), spec.units));
    if (Model::has_gate) add("gate", {});
    for (std::size_t i = 0; i < Model::input_weights.size(); ++i) {
      add(Model::input_weights[i], {spec.units, spec.inputs});
      if (spec.input_bias) add(Model::input_biases[i], {spec.units});
    }
  });
  if (!spec.identity_readout) {
    add("w_out", {spec.outputs, spec.units});
    if (spec.output_bias) add("b_out", {spec.outputs});
  }
  return list;
}

std::size_t block_size(const Spec& spec) {
  const auto list = fields(spec);
  return list.back().offset + list.back().size;
}

const Field* find(const std::vector<Field>& list, std::string_view name) {
  for (const Field& field : list)
    if (field.name == name) return &field;
  return nullptr;
}

std::vector<double> unit_leaks(const Spec& spec) {
  const std::size_t units = spec.own_leak() ? static_cast<std::size_t>(spec.units) : 0;
  std::vector<double> leaks(3 * units);
  for (std::size_t n = 0; n < units; ++n) {
    const double alpha = spec.alphas.empty() ? spec.alpha : spec.alphas[n];
    leaks[n] = 1.0 - alpha;
    leaks[units + n] = alpha;
    leaks[2 * units + n] = alpha * spec.cubic;
  }
  return leaks;
}

ChannelCount channel_count(const Spec& spec) {
  ChannelCount count{};
  with_model(spec.model, [&](auto model) {
    count = {decltype(model)::reductions(spec.ranks), decltype(model)::drives(spec.ranks)};
  });
  return count;
}

}  // namespace tbrnn
