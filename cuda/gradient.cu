// Loss and gradient of a cohort: what goes to the device, the launch, and what comes back.
#include <algorithm>
#include <stdexcept>

#include "engine.hpp"
#include "kernels.cuh"
#include "shape.hpp"
#include "upload.cuh"

namespace tbrnn::cuda {

template <class T>
const char* kernel_of(const Spec& spec, Match match) {
  const auto kernel = choose<GradientTask<T>>(spec.model, shape_of<T>(spec, match));
  return kernel.name ? kernel.name
                     : "none: kernels take 128 units and 32 channels at most, and no gated units";
}

template <class T>
void gradient(const Cohort<T>& cohort, Match match, double* loss, T* gradient) {
  const Shape<T> shape = shape_of<T>(cohort.spec, match);
  const auto kernel = choose<GradientTask<T>>(cohort.spec.model, shape);
  if (!kernel.entry) throw std::invalid_argument(kernel_of<T>(cohort.spec, match));
  const std::size_t members = static_cast<std::size_t>(cohort.members),
                    entries = members * static_cast<std::size_t>(shape.parameters);
  const DeviceData<T> data(cohort.data);
  std::vector<Noise<T>> noise;
  for (const MemberNoise& n : cohort.noise)
    noise.push_back({static_cast<T>(n.sigma), static_cast<std::uint32_t>(n.key),
                     static_cast<std::uint32_t>(n.key >> 32), n.epoch});
  const int blocks = std::min(cohort.members, 2 * dev::multiprocessors());
  const std::size_t scratch = Scratch<T>::size(shape, data.steps(), kernel.trials);

  const dev::Memory<T> parameters = on_device(cohort.parameters, entries);
  const dev::Memory<Noise<T>> noise_memory = on_device(noise.data(), members);
  const dev::Memory<T> scratch_memory(scratch * static_cast<std::size_t>(blocks));
  const dev::Memory<int> order = on_device(data.order().data(), members);
  const dev::Memory<double> loss_memory(members);
  const dev::Memory<T> gradient_memory(entries);
  dev::launch(kernel.entry, blocks, block_threads, kernel.shared_bytes,
              GradientTask<T>{.shape = shape,
                              .members = cohort.members,
                              .steps = data.steps(),
                              .order = order.data(),
                              .parameters = parameters.data(),
                              .data = data.trials(),
                              .data_of = data.of_member(),
                              .noise = noise_memory.data(),
                              .scratch = scratch_memory.data(),
                              .scratch_size = scratch,
                              .loss = loss_memory.data(),
                              .gradient = gradient_memory.data()});
  dev::to_host(loss_memory.data(), members, loss);
  dev::to_host(gradient_memory.data(), entries, gradient);
}

template const char* kernel_of<float>(const Spec&, Match);
template const char* kernel_of<double>(const Spec&, Match);
template void gradient(const Cohort<float>&, Match, double*, float*);
template void gradient(const Cohort<double>&, Match, double*, double*);

}  // namespace tbrnn::cuda
