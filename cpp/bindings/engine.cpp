#include <algorithm>
#include <array>
#include <fstream>
#include <thread>

#include "bindings/register.hpp"
#include "cpu/instruction_set.hpp"
#include "equations/noise.hpp"

namespace tbrnn {

namespace {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  return "unknown";
}

template <class T>
py::array normals_of_trials(std::uint64_t key, std::uint32_t epoch, std::uint32_t step, int trials,
                            int units) {
  Array<T> out({trials, units});
  const int rows = (units + 3) / 4 * 4;
  Buffer<T> tile(static_cast<std::size_t>(rows) * tile_trials);
  for (int first = 0; first < trials; first += tile_trials) {
    float* single = nullptr;
    double* real = nullptr;
    if constexpr (sizeof(T) == sizeof(float))
      single = tile.data();
    else
      real = tile.data();
    instruction_set().normals(static_cast<std::uint32_t>(key),
                              static_cast<std::uint32_t>(key >> 32), epoch, step, first, units,
                              single, real);
    for (int trial = first; trial < std::min(trials, first + tile_trials); ++trial)
      for (int unit = 0; unit < units; ++unit)
        out.mutable_at(trial, unit) =
            tile[static_cast<std::size_t>(unit * tile_trials + trial - first)];
  }
  return out;
}

}  // namespace

void register_engine(py::module_& module) {
  module.def("engine", [] {
    py::dict out;
    out["instruction_set"] = instruction_set().name;
    out["available"] = available_instruction_sets();
    out["processor"] = processor_name();
    out["cores"] = std::thread::hardware_concurrency();
    out["version"] = TBRNN_VERSION;
    return out;
  });
  module.def("use_instruction_set", &use_instruction_set, py::arg("name"));
  module.def(
      "fma_peak",
      [](int threads, double seconds) {
        check_threads(threads);
        const py::gil_scoped_release release;
        return fma_peak(threads, seconds);
      },
      py::arg("threads"), py::arg("seconds"));
  module.def(
      "philox",
      [](std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
        std::uint32_t words[4] = {counter[0], counter[1], counter[2], counter[3]};
        philox(words, key[0], key[1]);
        return Array<std::uint32_t>(4, words);
      },
      py::arg("counter"), py::arg("key"));
  module.def(
      "normals",
      [](std::uint64_t key, std::uint32_t epoch, std::uint32_t step, int trials, int units,
         const py::object& dtype) {
        return py::dtype::from_args(dtype).equal(py::dtype::of<double>())
                   ? normals_of_trials<double>(key, epoch, step, trials, units)
                   : normals_of_trials<float>(key, epoch, step, trials, units);
      },
      py::arg("key"), py::arg("epoch"), py::arg("step"), py::arg("trials"), py::arg("units"),
      py::arg("dtype"));
}

}  // namespace tbrnn
