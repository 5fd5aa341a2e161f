#include <tuple>
#include <variant>

#include "bindings/register.hpp"
#include "core/dispatch.hpp"

namespace tbrnn {

namespace {

template <class Choice>
Choice parse(const char* argument, const std::string& name,
             std::initializer_list<std::pair<const char*, Choice>> known) {
  std::string names;
  for (const auto& [text, value] : known) {
    if (name == text) return value;
    names += std::string(names.empty() ? "" : ", ") + text;
  }
  throw py::value_error(std::string(argument) + " must be one of " + names + ", got " + name);
}

// A name, or (name, gain, shift, height, leak).
using ActivationArgument =
    std::variant<std::string, std::tuple<std::string, double, double, double, double>>;

Activation<double> parse_activation(const char* argument, const ActivationArgument& given) {
  const auto kind = [&](const std::string& name) {
    return parse<Nonlinearity>(argument, name,
                               {{"tanh", Nonlinearity::tanh},
                                {"relu", Nonlinearity::relu},
                                {"sigmoid", Nonlinearity::sigmoid},
                                {"softplus", Nonlinearity::softplus},
                                {"identity", Nonlinearity::identity}});
  };
  if (const auto* name = std::get_if<std::string>(&given)) return {kind(*name)};
  const auto& [name, gain, shift, height, leak] = std::get<1>(given);
  return {kind(name), gain, shift, height, leak};
}

Ranks parse_ranks(const std::string& model, const std::vector<int>& ranks) {
  Ranks parsed;
  with_model(model, [&](auto type) {
    const auto own = decltype(type)::own_ranks;
    if (ranks.size() != own.size())
      throw py::value_error("ranks must hold " + std::to_string(own.size()) + " for " + model +
                            ", got " + std::to_string(ranks.size()));
    for (std::size_t i = 0; i < own.size(); ++i) parsed.*own[i] = ranks[i];
  });
  return parsed;
}

Constant parse_constant(const py::handle& object, const std::string& name) {
  const auto array = py::array_t<double, py::array::c_style | py::array::forcecast>::ensure(object);
  if (!array) throw py::type_error(name + " must be an array of numbers");
  return std::make_shared<const std::vector<double>>(array.data(), array.data() + array.size());
}

}  // namespace

Match parse_match(const std::string& name) {
  return parse<Match>(
      "match", name,
      {{"outputs", Match::outputs}, {"rates", Match::rates}, {"states", Match::states}});
}

Loss parse_loss(const std::string& name) {
  return parse<Loss>("loss", name,
                     {{"mse", Loss::squared},
                      {"cross_entropy", Loss::cross_entropy},
                      {"logistic", Loss::logistic}});
}

void register_spec(py::module_& module) {
  py::class_<Spec>(
      module, "Spec",
      "A model's equations and shapes, and the order of its parameters in one flat block.")
      .def(py::init([](const std::string& model, int units, const std::vector<int>& ranks,
                       int inputs, int outputs, double alpha, const std::string& form,
                       const ActivationArgument& phi, const ActivationArgument& phi_out,
                       double scale_two, double scale_three, bool input_bias, bool output_bias,
                       bool identity_readout, bool gated, bool hard_orth, int excitatory,
                       const py::dict& masks, const py::object& bulk, bool rectified_inputs,
                       const std::vector<double>& alphas, double cubic,
                       const std::vector<std::tuple<std::string, double, double>>& bounds) {
             Spec spec;
             spec.model = model;
             spec.units = units;
             spec.ranks = parse_ranks(model, ranks);
             spec.inputs = inputs;
             spec.outputs = outputs;
             spec.alpha = alpha;
             spec.form =
                 parse<Form>("form", form, {{"rate", Form::rate}, {"voltage", Form::voltage}});
             spec.phi = parse_activation("phi", phi);
             spec.phi_out = parse_activation("phi_out", phi_out);
             spec.scale_two = scale_two;
             spec.scale_three = scale_three;
             spec.input_bias = input_bias;
             spec.output_bias = output_bias;
             spec.identity_readout = identity_readout;
             spec.gated = gated;
             spec.hard_orth = hard_orth;
             spec.excitatory = excitatory;
             for (const auto& [name, mask] : masks)
               spec.masks.emplace_back(name.cast<std::string>(), parse_constant(mask, "masks"));
             if (!bulk.is_none()) spec.bulk = parse_constant(bulk, "bulk");
             spec.rectified_inputs = rectified_inputs;
             spec.alphas = alphas;
             spec.cubic = cubic;
             for (const auto& [field, low, high] : bounds)
               spec.bounds.push_back({field, low, high});
             spec.check();
             return spec;
           }),
           py::arg("model"), py::kw_only(), py::arg("units"), py::arg("ranks"), py::arg("inputs"),
           py::arg("outputs"), py::arg("alpha"), py::arg("form"), py::arg("phi"),
           py::arg("phi_out"), py::arg("scale_two"), py::arg("scale_three"), py::arg("input_bias"),
           py::arg("output_bias"), py::arg("identity_readout"), py::arg("gated"),
           py::arg("hard_orth"), py::arg("excitatory") = 0, py::arg("masks") = py::dict(),
           py::arg("bulk") = py::none(), py::arg("rectified_inputs") = false,
           py::arg("alphas") = std::vector<double>{}, py::arg("cubic") = 0.0,
           py::arg("bounds") = std::vector<std::tuple<std::string, double, double>>{})
      .def_property_readonly("fields",
                             [](const Spec& spec) {
                               py::list list;
                               for (const Field& field : fields(spec)) {
                                 py::tuple shape(field.shape.size());
                                 for (std::size_t i = 0; i < field.shape.size(); ++i)
                                   shape[i] = field.shape[i];
                                 list.append(py::make_tuple(field.name, shape));
                               }
                               return list;
                             })
      .def_property_readonly("size", [](const Spec& spec) { return block_size(spec); });
}

}  // namespace tbrnn
