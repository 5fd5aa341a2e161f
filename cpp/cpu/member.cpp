#include "cpu/member.hpp"

#include <algorithm>

#include "core/dispatch.hpp"
#include "cpu/product.hpp"
#include "equations/hard_orth.hpp"
#include "equations/mask.hpp"

namespace tbrnn {

namespace {

template <class T>
Factors<T> factors(const Spec& spec) {
  const double alpha = spec.folded_alpha();
  return {static_cast<T>(alpha * spec.scale_two), static_cast<T>(alpha * spec.scale_three)};
}

// What multiplies the inputs and the bias of pre-activation i.
template <class T, class Model>
T input_factor(const Spec& spec, std::size_t i) {
  return static_cast<T>(spec.folded_alpha() * Model::input_factors[i]);
}

}  // namespace

template <class T>
PackedMember<T>::PackedMember(const Plan<T>& plan)
    : plan_(plan), packed_(plan.weights()), effective_(plan.spec.hard_orth ? plan.parameters : 0) {}

template <class T>
void PackedMember<T>::pack(const T* p, T* rows) {
  const Spec& spec = plan_.spec;
  const Network<T>& net = plan_.network;
  const auto at = [&](const char* name) { return p + plan_.field(name)->offset; };
  const T* recurrent = p;
  if (spec.hard_orth) {
    std::copy_n(p, plan_.parameters, effective_.data());
    hard_orth(at("w_in"), spec.input_bias ? at("b_in") : nullptr, spec.units, spec.inputs,
              spec.ranks.three, effective_.data() + plan_.field("l")->offset);
    recurrent = effective_.data();
  }
  const PackedPlaces<T> to(plan_.packed, packed_.data());
  const Columns<T> P{to.gather, net.gathered()}, Q{to.drive, net.driven()};
  with_model(spec.model, [&](auto model) {
    using Model = decltype(model);
    if constexpr (Model::recurrence == Recurrence::gated)
      Model::pack(recurrent, spec.units, spec.ranks, factors<T>(spec), P,
                  Columns<T>{to.late, net.late}, Q);
    else
      Model::pack(recurrent, spec.units, spec.ranks, factors<T>(spec), spec.gated, P, Q);
    for (std::size_t i = 0; i < Model::input_weights.size(); ++i) {
      const int first = static_cast<int>(i) * spec.units;
      const T factor = input_factor<T, Model>(spec, i);
      pack_columns(at(Model::input_weights[i]), spec.units, spec.inputs, factor,
                   Q.below(first).from(net.drives));
      const T* b = spec.input_bias ? at(Model::input_biases[i]) : nullptr;
      for (int n = 0; n < spec.units; ++n) to.bias[first + n] = b ? factor * b[n] : T(0);
    }
  });
  pack_product(spec, p, rows, to.end);
  if (net.readouts == 0) return;
  pack_readout(at("w_out"), spec.units, net.readouts,
               net.apart ? Columns<T>{to.readout, net.readouts} : P.from(net.reductions));
  for (int o = 0; o < net.readouts; ++o) to.b_out[o] = spec.output_bias ? at("b_out")[o] : T(0);
}

template <class T>
void PackedMember<T>::unpack_gradient(const T* p, const T* packed, T* gradient) const {
  const Spec& spec = plan_.spec;
  const Network<T>& net = plan_.network;
  const auto offset = [&](const char* name) { return plan_.field(name)->offset; };
  const PackedPlaces<const T> from(plan_.packed, packed);
  const Columns<const T> dP{from.gather, net.gathered()}, dQ{from.drive, net.driven()};
  std::fill_n(gradient, plan_.parameters, T(0));
  with_model(spec.model, [&](auto model) {
    using Model = decltype(model);
    if constexpr (Model::recurrence == Recurrence::gated)
      Model::pack_adjoint(spec.units, spec.ranks, factors<T>(spec), dP,
                          Columns<const T>{from.late, net.late}, dQ, gradient);
    else
      Model::pack_adjoint(p, spec.units, spec.ranks, factors<T>(spec), spec.gated, dP, dQ,
                          gradient);
    for (std::size_t i = 0; i < Model::input_weights.size(); ++i) {
      const int first = static_cast<int>(i) * spec.units;
      const T factor = input_factor<T, Model>(spec, i);
      pack_columns_adjoint(dQ.below(first).from(net.drives), spec.units, spec.inputs, factor,
                           gradient + offset(Model::input_weights[i]));
      if (!spec.input_bias) continue;
      T* db = gradient + offset(Model::input_biases[i]);
      for (int n = 0; n < spec.units; ++n) db[n] = factor * from.bias[first + n];
    }
  });
  unpack_product(spec, p, packed + plan_.packed.total(), gradient);
  if (spec.hard_orth) {
    const std::size_t l = offset("l"), w = offset("w_in");
    const T* b_in = spec.input_bias ? p + offset("b_in") : nullptr;
    hard_orth_adjoint(p + w, b_in, spec.units, spec.inputs, spec.ranks.three, p + l,
                      effective_.data() + l, gradient + l, gradient + w,
                      b_in ? gradient + offset("b_in") : nullptr);
  }
  if (net.readouts > 0) {
    pack_readout_adjoint(
        net.apart ? Columns<const T>{from.readout, net.readouts} : dP.from(net.reductions),
        spec.units, net.readouts, gradient + offset("w_out"));
    if (spec.output_bias) std::copy_n(from.b_out, net.readouts, gradient + offset("b_out"));
  }
  for (const auto& [name, mask] : spec.masks)
    mask_gradient(mask->data(), mask->size(), gradient + offset(name.c_str()));
}

template <class T>
Network<T> PackedMember<T>::network(const NoiseSource& noise, double mask_sum) const {
  Network<T> net = plan_.network;
  const PackedPlaces<const T> at(plan_.packed, packed_.data());
  net.gather = at.gather;
  net.readout = at.readout;
  net.gather_late = at.late;
  net.drive = at.drive;
  net.bias = at.bias;
  net.b_out = at.b_out;
  net.product = plan_.product.shared ? plan_.shared.data() : at.end;
  net.product_gradient = plan_.product.gradient;
  net.unit_leak = plan_.leaks.data();
  net.unit_alpha = net.unit_leak + net.units;
  net.unit_cubic = net.unit_alpha + net.units;
  net.sigma = static_cast<T>(noise.sigma);
  net.input_sigma = static_cast<T>(noise.input_sigma);
  net.seed = static_cast<std::uint32_t>(noise.key);
  net.member = static_cast<std::uint32_t>(noise.key >> 32);
  net.epoch = noise.epoch;
  net.twice = static_cast<T>(2.0 / mask_sum);
  return net;
}

template <class T>
TileData<T> tile_data(const Dataset<T>& data, int tile) {
  return {data.input(tile),  data.target(tile),  data.mask(tile),    data.mask_channels(),
          data.weight(tile), data.initial(tile), tile * tile_trials, data.silent()};
}

template class PackedMember<float>;
template class PackedMember<double>;
template TileData<float> tile_data(const Dataset<float>&, int);
template TileData<double> tile_data(const Dataset<double>&, int);

}  // namespace tbrnn
