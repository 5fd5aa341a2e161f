// One function per topic, and the array checks they share.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/dataset.hpp"
#include "core/spec.hpp"

namespace py = pybind11;

namespace tbrnn {

void register_spec(py::module_&);
void register_dataset(py::module_&);
void register_simulate(py::module_&);
void register_trainer(py::module_&);
void register_engine(py::module_&);
void register_plugin(py::module_&);

Match parse_match(const std::string&);
Loss parse_loss(const std::string&);

template <class T>
using Array = py::array_t<T, py::array::c_style>;

// An array of the exact dtype and number of axes, never copied.
template <class T>
Array<T> as_array(const py::handle& object, const char* name, int axes) {
  if (!py::isinstance<Array<T>>(object))
    throw py::type_error(std::string(name) + " must be a C-ordered " +
                         py::str(py::dtype::of<T>()).cast<std::string>() + " array");
  auto array = py::reinterpret_borrow<Array<T>>(object);
  if (array.ndim() != axes)
    throw py::value_error(std::string(name) + " must have " + std::to_string(axes) + " axes, got " +
                          std::to_string(array.ndim()));
  return array;
}

// One value per member.
template <class T>
std::vector<T> per_member(const py::handle& object, const char* name, py::ssize_t members) {
  const auto array = as_array<T>(object, name, 1);
  if (array.shape(0) != members)
    throw py::value_error(std::string(name) + " must hold one value per member, " +
                          std::to_string(members) + ", got " + std::to_string(array.shape(0)));
  return std::vector<T>(array.data(), array.data() + members);
}

// A data set of either precision.
struct AnyDataset {
  std::variant<std::shared_ptr<const Dataset<float>>, std::shared_ptr<const Dataset<double>>> data;
  bool is_double() const { return data.index() == 1; }
};

// The data set of each member: of one precision and shape, and fit for the network.
template <class T>
std::vector<std::shared_ptr<const Dataset<T>>> members_data(const Spec&,
                                                            const std::vector<AnyDataset>&,
                                                            const py::handle& dataset,
                                                            py::ssize_t members, const Match*);

template <class T>
Array<T> members_parameters(const Spec& spec, const py::handle& object) {
  auto array = as_array<T>(object, "parameters", 2);
  const auto size = static_cast<py::ssize_t>(block_size(spec));
  if (array.shape(1) != size)
    throw py::value_error("parameters must be (member, " + std::to_string(size) +
                          "), got (member, " + std::to_string(array.shape(1)) + ")");
  if (array.shape(0) < 1) throw py::value_error("parameters must hold at least one member, got 0");
  return array;
}

int check_threads(int threads);

// use(T{}) with the precision of the data sets
template <class Use>
auto with_precision(const std::vector<AnyDataset>& datasets, Use&& use) {
  if (datasets.empty()) throw py::value_error("datasets must hold at least one data set, got 0");
  return datasets.front().is_double() ? use(double{}) : use(float{});
}

}  // namespace tbrnn
