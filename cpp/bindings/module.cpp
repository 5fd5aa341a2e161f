#include <exception>
#include <stdexcept>

#include "bindings/register.hpp"

namespace {

// Arguments that only the engine can judge are users' mistakes like those the package finds.
void as_mistake(std::exception_ptr thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::invalid_argument& error) {
    py::set_error(py::module_::import("tbrnn.errors").attr("WrongValue"), error.what());
  }
}

}  // namespace

PYBIND11_MODULE(_core, module, py::mod_gil_not_used()) {
  module.doc() =
      "The compiled engine: checks, allocates, calls. Users meet it through the package.";
  py::register_local_exception_translator(as_mistake);
  tbrnn::register_spec(module);
  tbrnn::register_dataset(module);
  tbrnn::register_simulate(module);
  tbrnn::register_trainer(module);
  tbrnn::register_engine(module);
  tbrnn::register_plugin(module);
}
