#include "bindings/register.hpp"
#include "core/plugin_library.hpp"
#include "core/plugin_views.hpp"

namespace tbrnn {

namespace {

constexpr const char* readiness[] = {"ready",  "no driver", "old driver",
                                     "no gpu", "old card",  "broken"};

std::string version_text(std::int32_t version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

py::dict device(const std::string& path) {
  plugin::Device d{};
  const plugin::Table& table = open_plugin(path);
  {
    const py::gil_scoped_release release;
    table.device(&d);
  }
  py::dict out;
  out["readiness"] = readiness[static_cast<int>(d.readiness)];
  out["name"] = d.name;
  out["capability"] = std::to_string(d.major) + "." + std::to_string(d.minor);
  out["memory"] = d.memory;
  out["driver"] = version_text(d.driver);
  out["runtime"] = version_text(d.runtime);
  out["architectures"] = d.architectures;
  out["message"] = d.message;
  return out;
}

py::tuple device_kernel(const std::string& path, const Spec& spec, const std::string& match,
                        const std::string& loss, const py::object& dtype, bool noisy_inputs,
                        bool split) {
  const bool real = py::dtype::from_args(dtype).equal(py::dtype::of<double>());
  const NetworkView network(spec, parse_match(match), parse_loss(loss), real, noisy_inputs, split);
  char name[256] = "";
  const bool found = open_plugin(path).kernel(network.get(), name, sizeof(name)) != 0;
  return py::make_tuple(found, name);
}

// Thrown as the package's own exception.
void translate(std::exception_ptr thrown) {
  try {
    if (thrown) std::rethrow_exception(thrown);
  } catch (const Unavailable& error) {
    py::set_error(py::module_::import("tbrnn.errors").attr("BackendUnavailable"), error.what());
  }
}

}  // namespace

void register_plugin(py::module_& module) {
  py::register_local_exception_translator(&translate);
  module.def("device", &device, py::arg("plugin"));
  module.def("device_kernel", &device_kernel, py::arg("plugin"), py::arg("spec"), py::arg("match"),
             py::arg("loss"), py::arg("dtype"), py::arg("noisy_inputs") = false,
             py::arg("split") = false);
}

}  // namespace tbrnn
