#include "cpu/plan.hpp"

#include <algorithm>
#include <tuple>

#include "core/dispatch.hpp"
#include "cpu/product.hpp"

namespace tbrnn {

namespace {

std::size_t model_index(const Spec& spec) {
  std::size_t index = 0;
  std::apply(
      [&](auto... model) {
        ((decltype(model)::name == spec.model ? false : (++index, true)) && ...);
      },
      Models{});
  return index;
}

template <class T>
Network<T> sizes(const Spec& spec, const Match* match, int steps, Loss loss) {
  const ChannelCount count = channel_count(spec);
  const bool units_out = spec.identity_readout || (match && *match != Match::outputs);
  Network<T> net{};
  net.units = spec.units;
  net.steps = steps;
  net.loss = loss;
  net.rectified_inputs = spec.rectified_inputs;
  net.inputs = spec.inputs;
  net.readouts = units_out ? 0 : spec.outputs;
  net.ranks = spec.ranks;
  net.reductions = count.reductions;
  net.drives = count.drives;
  with_model(spec.model, [&](auto model) {
    using Model = decltype(model);
    net.preactivations = static_cast<int>(Model::input_weights.size());
    net.late = Model::recurrence == Recurrence::gated ? count.drives : 0;
  });
  net.form = spec.form;
  net.phi = spec.phi.as<T>();
  net.phi_out = !match || *match == Match::outputs ? spec.phi_out.as<T>()
                : *match == Match::rates           ? net.phi
                                                   : Activation<T>{Nonlinearity::identity};
  net.apart = spec.form == Form::rate && net.phi_out != net.phi;
  with_model(spec.model, [&](auto model) {
    if constexpr (decltype(model)::recurrence == Recurrence::pairs)
      net.linear = decltype(model)::linear;
  });
  net.own_leak = spec.own_leak();
  net.alpha = static_cast<T>(net.own_leak ? 1.0 : spec.alpha);
  net.leak = static_cast<T>(net.own_leak ? 1.0 : 1.0 - spec.alpha);
  return net;
}

}  // namespace

template <class T>
Plan<T>::Plan(const Spec& s, const Match* match, int steps, Loss loss)
    : spec(s),
      fields(tbrnn::fields(s)),
      parameters(block_size(s)),
      network(sizes<T>(s, match, steps, loss)),
      packed(packed_size(network)),
      product(product_size(s)),
      model(model_index(s)) {
  const std::vector<double> of_units = unit_leaks(spec);
  leaks = Buffer<T>(of_units.size());
  std::transform(of_units.begin(), of_units.end(), leaks.data(),
                 [](double leak) { return static_cast<T>(leak); });
  shared = Buffer<T>(product.shared);
  pack_shared(spec, shared.data());
}

template <class T>
const Rollout<T>& Plan<T>::rollout(const InstructionSet& isa) const {
  if constexpr (sizeof(T) == sizeof(float))
    return (spec.bulk ? isa.bulk_float : isa.rollouts_float)[model];
  else
    return (spec.bulk ? isa.bulk_double : isa.rollouts_double)[model];
}

template struct Plan<float>;
template struct Plan<double>;

}  // namespace tbrnn
