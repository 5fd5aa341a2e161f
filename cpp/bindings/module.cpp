#include "bindings/register.hpp"

PYBIND11_MODULE(_core, module, py::mod_gil_not_used()) {
  module.doc() =
      "The compiled engine: checks, allocates, calls. Users meet it through the package.";
  tbrnn::register_spec(module);
  tbrnn::register_dataset(module);
  tbrnn::register_simulate(module);
  tbrnn::register_trainer(module);
  tbrnn::register_engine(module);
  tbrnn::register_plugin(module);
}
