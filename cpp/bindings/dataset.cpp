#include "bindings/register.hpp"

namespace tbrnn {

namespace {

std::string shape_of(const py::array& array) {
  return py::str(array.attr("shape")).cast<std::string>();
}

template <class T>
AnyDataset make_dataset(const py::object& inputs, const py::object& targets, const py::object& mask,
                        const py::object& initial) {
  const auto input = as_array<T>(inputs, "inputs", 3);
  TrialArrays<T> arrays{};
  arrays.trials = static_cast<int>(input.shape(0));
  arrays.steps = static_cast<int>(input.shape(1));
  arrays.inputs = static_cast<int>(input.shape(2));
  arrays.input = input.data();
  const auto agree = [&](const py::array& array, const char* name) {
    if (array.shape(0) != arrays.trials || (array.ndim() == 3 && array.shape(1) != arrays.steps))
      throw py::value_error(std::string(name) + " must agree with inputs " + shape_of(input) +
                            " in trials and time, got " + shape_of(array));
  };
  if (!targets.is_none()) {
    const auto target = as_array<T>(targets, "targets", 3);
    agree(target, "targets");
    arrays.channels = static_cast<int>(target.shape(2));
    arrays.target = target.data();
  }
  if (!mask.is_none()) {
    if (targets.is_none()) throw py::value_error("mask needs targets");
    const auto weights = as_array<T>(mask, "mask", 3);
    agree(weights, "mask");
    arrays.mask_channels = static_cast<int>(weights.shape(2));
    if (arrays.mask_channels != 1 && arrays.mask_channels != arrays.channels)
      throw py::value_error("mask must have 1 or " + std::to_string(arrays.channels) +
                            " channels, got " + std::to_string(arrays.mask_channels));
    arrays.mask = weights.data();
  }
  if (!initial.is_none()) {
    const auto states = as_array<T>(initial, "initial_states", 2);
    agree(states, "initial_states");
    arrays.units = static_cast<int>(states.shape(1));
    arrays.initial = states.data();
  }
  return {std::make_shared<const Dataset<T>>(arrays)};
}

}  // namespace

template <class T>
std::vector<std::shared_ptr<const Dataset<T>>> members_data(const Spec& spec,
                                                            const std::vector<AnyDataset>& datasets,
                                                            const py::handle& dataset,
                                                            py::ssize_t members,
                                                            const Match* match) {
  using Pointer = std::shared_ptr<const Dataset<T>>;
  std::vector<Pointer> list;
  const int channels = match && *match != Match::outputs ? spec.units : spec.outputs;
  for (int index : per_member<std::int32_t>(dataset, "dataset", members)) {
    if (index < 0 || index >= static_cast<int>(datasets.size()))
      throw py::value_error("dataset must lie in [0, " + std::to_string(datasets.size()) +
                            "), got " + std::to_string(index));
    const auto* pointer = std::get_if<Pointer>(&datasets[static_cast<std::size_t>(index)].data);
    if (!pointer) throw py::type_error("datasets must all have the dtype of the first");
    const Dataset<T>& data = **pointer;
    const auto expect = [&](bool holds, const char* what, int expected, int got) {
      if (!holds)
        throw py::value_error(std::string("datasets must have ") + what + " " +
                              std::to_string(expected) + ", got " + std::to_string(got));
    };
    expect(data.inputs() == spec.inputs, "inputs", spec.inputs, data.inputs());
    expect(data.units() == 0 || data.units() == spec.units, "initial states of units", spec.units,
           data.units());
    if (match)
      expect(data.channels() == channels, "targets of channels", channels, data.channels());
    if (!list.empty()) {
      expect(data.trials() == list.front()->trials(), "trials", list.front()->trials(),
             data.trials());
      expect(data.steps() == list.front()->steps(), "time steps", list.front()->steps(),
             data.steps());
    }
    list.push_back(*pointer);
  }
  return list;
}

template std::vector<std::shared_ptr<const Dataset<float>>> members_data(
    const Spec&, const std::vector<AnyDataset>&, const py::handle&, py::ssize_t, const Match*);
template std::vector<std::shared_ptr<const Dataset<double>>> members_data(
    const Spec&, const std::vector<AnyDataset>&, const py::handle&, py::ssize_t, const Match*);

void register_dataset(py::module_& module) {
  const auto visit = [](auto&& read) {
    return [read](const AnyDataset& any) {
      return std::visit([&](const auto& data) { return read(*data); }, any.data);
    };
  };
  py::class_<AnyDataset>(
      module, "Dataset",
      "Inputs, targets, mask and initial states of one data set, packed once into tiles of trials.")
      .def(py::init([](const py::array& inputs, const py::object& targets, const py::object& mask,
                       const py::object& initial) {
             return py::isinstance<py::array_t<double>>(inputs)
                        ? make_dataset<double>(inputs, targets, mask, initial)
                        : make_dataset<float>(inputs, targets, mask, initial);
           }),
           py::arg("inputs"), py::arg("targets") = py::none(), py::arg("mask") = py::none(),
           py::arg("initial_states") = py::none())
      .def_property_readonly("dtype",
                             [](const AnyDataset& any) {
                               return any.is_double() ? py::dtype::of<double>()
                                                      : py::dtype::of<float>();
                             })
      .def_property_readonly("trials", visit([](const auto& data) { return data.trials(); }))
      .def_property_readonly("steps", visit([](const auto& data) { return data.steps(); }));
}

}  // namespace tbrnn
