#include "core/plugin_views.hpp"

namespace tbrnn {

namespace {

plugin::Activation view_of(const Activation<double>& a) {
  return {static_cast<std::int32_t>(a.kind), a.gain, a.shift, a.height, a.leak};
}

Activation<double> activation_of(const plugin::Activation& a) {
  return {static_cast<Nonlinearity>(a.kind), a.gain, a.shift, a.height, a.leak};
}

Constant constant_of(const double* values, std::size_t size) {
  return values ? std::make_shared<const std::vector<double>>(values, values + size) : nullptr;
}

}  // namespace

NetworkView::NetworkView(const Spec& s, Match match, Loss loss, bool real, bool noisy_inputs,
                         bool split) {
  for (const auto& [field, mask] : s.masks)
    masks_.push_back({field.c_str(), mask->data(), mask->size()});
  for (const Bound& bound : s.bounds)
    bounds_.push_back({bound.field.c_str(), bound.low, bound.high});
  network_ = {.model = s.model.c_str(),
              .units = s.units,
              .rank_two = s.ranks.two,
              .rank_three = s.ranks.three,
              .inputs = s.inputs,
              .outputs = s.outputs,
              .form = static_cast<std::int32_t>(s.form),
              .excitatory = s.excitatory,
              .phi = view_of(s.phi),
              .phi_out = view_of(s.phi_out),
              .alpha = s.alpha,
              .cubic = s.cubic,
              .scale_two = s.scale_two,
              .scale_three = s.scale_three,
              .input_bias = s.input_bias,
              .output_bias = s.output_bias,
              .identity_readout = s.identity_readout,
              .gated = s.gated,
              .hard_orth = s.hard_orth,
              .rectified_inputs = s.rectified_inputs,
              .noisy_inputs = noisy_inputs,
              .alphas = s.alphas.empty() ? nullptr : s.alphas.data(),
              .bulk = s.bulk ? s.bulk->data() : nullptr,
              .masks = masks_.data(),
              .bounds = bounds_.data(),
              .mask_count = static_cast<std::int32_t>(masks_.size()),
              .bound_count = static_cast<std::int32_t>(bounds_.size()),
              .match = static_cast<std::int32_t>(match),
              .loss = static_cast<std::int32_t>(loss),
              .real = real,
              .split = split};
}

Spec spec_of(const plugin::Network& n) {
  const std::size_t units = static_cast<std::size_t>(n.units);
  Spec s{.model = n.model,
         .units = n.units,
         .ranks = {n.rank_two, n.rank_three},
         .inputs = n.inputs,
         .outputs = n.outputs,
         .alpha = n.alpha,
         .cubic = n.cubic,
         .form = static_cast<Form>(n.form),
         .phi = activation_of(n.phi),
         .phi_out = activation_of(n.phi_out),
         .scale_two = n.scale_two,
         .scale_three = n.scale_three,
         .input_bias = n.input_bias != 0,
         .output_bias = n.output_bias != 0,
         .identity_readout = n.identity_readout != 0,
         .gated = n.gated != 0,
         .hard_orth = n.hard_orth != 0,
         .excitatory = n.excitatory,
         .bulk = constant_of(n.bulk, units * units),
         .rectified_inputs = n.rectified_inputs != 0};
  if (n.alphas) s.alphas.assign(n.alphas, n.alphas + units);
  for (int i = 0; i < n.mask_count; ++i)
    s.masks.emplace_back(n.masks[i].field, constant_of(n.masks[i].values, n.masks[i].size));
  for (int i = 0; i < n.bound_count; ++i)
    s.bounds.push_back({n.bounds[i].field, n.bounds[i].low, n.bounds[i].high});
  return s;
}

template <class T>
plugin::Trials view_of(const Dataset<T>& data) {
  return {.trials = data.trials(),
          .steps = data.steps(),
          .inputs = data.inputs(),
          .channels = data.channels(),
          .mask_channels = data.mask_channels(),
          .units = data.units(),
          .silent = data.silent(),
          .mask_sum = data.mask_sum(),
          .mask_sums = data.mask_sums(),
          .input = data.input(0),
          .target = data.target(0),
          .mask = data.mask(0),
          .weight = data.weight(0),
          .initial = data.initial(0)};
}

template <class T>
Dataset<T> dataset_of(const plugin::Trials& t) {
  return Dataset<T>::copy_of({.trials = t.trials,
                              .steps = t.steps,
                              .inputs = t.inputs,
                              .channels = t.channels,
                              .mask_channels = t.mask_channels,
                              .units = t.units,
                              .silent = t.silent != 0,
                              .mask_sum = t.mask_sum,
                              .mask_sums = t.mask_sums,
                              .input = static_cast<const T*>(t.input),
                              .target = static_cast<const T*>(t.target),
                              .mask = static_cast<const T*>(t.mask),
                              .weight = static_cast<const T*>(t.weight),
                              .initial = static_cast<const T*>(t.initial)});
}

template plugin::Trials view_of(const Dataset<float>&);
template plugin::Trials view_of(const Dataset<double>&);
template Dataset<float> dataset_of<float>(const plugin::Trials&);
template Dataset<double> dataset_of<double>(const plugin::Trials&);

}  // namespace tbrnn
