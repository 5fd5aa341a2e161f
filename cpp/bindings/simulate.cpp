#include "cpu/simulate.hpp"

#include <numeric>

#include "bindings/data_views.hpp"
#include "bindings/interruptible.hpp"
#include "bindings/register.hpp"
#include "core/plugin_library.hpp"

namespace tbrnn {

int check_threads(int threads) {
  if (threads < 1)
    throw py::value_error("threads must be at least 1, got " + std::to_string(threads));
  return threads;
}

namespace {

// Owns what a Cohort points to while the engine works.
template <class T>
struct CohortArguments {
  Array<T> parameters;
  std::vector<std::shared_ptr<const Dataset<T>>> data;
  Cohort<T> cohort;

  CohortArguments(const Spec& spec, const py::handle& block,
                  const std::vector<AnyDataset>& datasets, const py::handle& dataset,
                  const Match* match, const py::handle& sigma, const py::handle& input_sigma,
                  const py::handle& keys, std::uint32_t epoch)
      : parameters(members_parameters<T>(spec, block)),
        data(members_data<T>(spec, datasets, dataset, parameters.shape(0), match)),
        cohort{spec, static_cast<int>(parameters.shape(0)), parameters.data(), {}, {}} {
    const auto sigmas = per_member<double>(sigma, "sigma", parameters.shape(0));
    const auto of_inputs =
        input_sigma.is_none() ? std::vector<double>(sigmas.size())
                              : per_member<double>(input_sigma, "input_sigma", parameters.shape(0));
    const auto noise_keys = per_member<std::uint64_t>(keys, "keys", parameters.shape(0));
    for (std::size_t m = 0; m < data.size(); ++m) {
      cohort.data.push_back(data[m].get());
      cohort.noise.push_back({noise_keys[m], sigmas[m], epoch, of_inputs[m]});
    }
  }

  // In parts where the device's memory is too small for all.
  void gradient_on(const plugin::Table& table, Match match, Loss kind, bool split, double* loss,
                   T* gradients) const {
    const NetworkView network(cohort.spec, match, kind, std::is_same_v<T, double>, false, split);
    DataViews views(data, {});
    const std::size_t block = block_size(cohort.spec);
    std::vector<std::uint64_t> keys;
    std::vector<double> sigmas, input_sigmas;
    for (const NoiseSource& noise : cohort.noise) {
      keys.push_back(noise.key);
      sigmas.push_back(noise.sigma);
      input_sigmas.push_back(noise.input_sigma);
    }
    const auto compute = [&](std::size_t first, std::size_t count, auto&& again) -> void {
      std::vector<int> list(count);
      std::iota(list.begin(), list.end(), static_cast<int>(first));
      const plugin::Members members = views.of(list);
      const plugin::Noise noise{&keys[first], &sigmas[first], &input_sigmas[first],
                                cohort.noise.front().epoch};
      plugin::Failure failure{};
      table.gradient(network.get(), &members, &noise, cohort.parameters + first * block,
                     loss + first, gradients + first * block, &failure);
      if (failure.fault != plugin::Fault::memory || count < 2) return require(failure);
      again(first, count / 2, again);
      again(first + count / 2, count - count / 2, again);
    };
    compute(0, keys.size(), compute);
  }
};

template <class T>
py::dict simulate_members(const Spec& spec, const py::object& parameters,
                          const std::vector<AnyDataset>& datasets, const py::object& dataset,
                          const py::object& sigma, const py::object& input_sigma,
                          const py::object& keys, std::uint32_t epoch, int threads, bool states,
                          bool rates, bool outputs) {
  const CohortArguments<T> arguments(spec, parameters, datasets, dataset, nullptr, sigma,
                                     input_sigma, keys, epoch);
  const Cohort<T>& cohort = arguments.cohort;
  py::dict result;
  const auto allocate = [&](const char* name, bool wanted, int width) -> T* {
    if (!wanted) return nullptr;
    Array<T> array(
        {cohort.members, cohort.data.front()->trials(), cohort.data.front()->steps(), width});
    result[name] = array;
    return array.mutable_data();
  };
  const Activity<T> out{allocate("states", states, spec.units),
                        allocate("rates", rates, spec.units),
                        allocate("outputs", outputs, spec.outputs)};
  interruptible([&](const Stop& stop) { simulate(cohort, threads, out, stop); });
  return result;
}

template <class T>
py::tuple gradient_of_members(const Spec& spec, const py::object& parameters,
                              const std::vector<AnyDataset>& datasets, const py::object& dataset,
                              Match match, Loss kind, const py::object& sigma,
                              const py::object& input_sigma, const py::object& keys,
                              std::uint32_t epoch, int threads, const std::string& plugin,
                              bool split) {
  const CohortArguments<T> arguments(spec, parameters, datasets, dataset, &match, sigma,
                                     input_sigma, keys, epoch);
  Array<double> loss(arguments.cohort.members);
  Array<T> gradients({arguments.parameters.shape(0), arguments.parameters.shape(1)});
  double* loss_at = loss.mutable_data();
  T* gradient_at = gradients.mutable_data();
  if (plugin.empty()) {
    interruptible([&](const Stop& stop) {
      gradient(arguments.cohort, match, threads, loss_at, gradient_at, kind, stop);
    });
  } else {
    const py::gil_scoped_release release;
    arguments.gradient_on(open_plugin(plugin), match, kind, split, loss_at, gradient_at);
  }
  return py::make_tuple(loss, gradients);
}

}  // namespace

void register_simulate(py::module_& module) {
  module.def(
      "simulate",
      [](const Spec& spec, const py::object& parameters, const std::vector<AnyDataset>& datasets,
         const py::object& dataset, const py::object& sigma, const py::object& input_sigma,
         const py::object& keys, std::uint32_t epoch, int threads, bool states, bool rates,
         bool outputs) {
        return with_precision(datasets, [&](auto number) {
          return simulate_members<decltype(number)>(spec, parameters, datasets, dataset, sigma,
                                                    input_sigma, keys, epoch,
                                                    check_threads(threads), states, rates, outputs);
        });
      },
      py::arg("spec"), py::arg("parameters"), py::arg("datasets"), py::arg("dataset"),
      py::kw_only(), py::arg("sigma"), py::arg("input_sigma") = py::none(), py::arg("keys"),
      py::arg("epoch"), py::arg("threads"), py::arg("states"), py::arg("rates"),
      py::arg("outputs"));
  module.def(
      "gradient",
      [](const Spec& spec, const py::object& parameters, const std::vector<AnyDataset>& datasets,
         const py::object& dataset, const std::string& match, const std::string& loss,
         const py::object& sigma, const py::object& input_sigma, const py::object& keys,
         std::uint32_t epoch, int threads, const std::string& plugin, bool split) {
        return with_precision(datasets, [&](auto number) {
          return gradient_of_members<decltype(number)>(
              spec, parameters, datasets, dataset, parse_match(match), parse_loss(loss), sigma,
              input_sigma, keys, epoch, check_threads(threads), plugin, split);
        });
      },
      py::arg("spec"), py::arg("parameters"), py::arg("datasets"), py::arg("dataset"),
      py::kw_only(), py::arg("match"), py::arg("loss") = "mse", py::arg("sigma"),
      py::arg("input_sigma") = py::none(), py::arg("keys"), py::arg("epoch"), py::arg("threads"),
      py::arg("plugin") = "", py::arg("split") = false);
}

}  // namespace tbrnn
