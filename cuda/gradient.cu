// Loss and gradient of a cohort: what goes to the device, the launch, and what comes back.
#include <algorithm>
#include <stdexcept>

#include "choose.cuh"
#include "engine.hpp"
#include "member.cuh"
#include "shape.hpp"
#include "upload.cuh"

namespace tbrnn::cuda {

template <class T>
const char* kernel_of(const Spec& spec, Match match, Loss loss) {
  const auto kernel = choose(spec.model, shape_of<T>(spec, match, loss));
  const char* why_not = kernel.refused();
  return why_not ? why_not : kernel.name;
}

template <class T>
void gradient(const Cohort<T>& cohort, Match match, double* loss, T* gradient, Loss kind) {
  Shape<T> shape = shape_of<T>(cohort.spec, match, kind);
  for (const MemberNoise& noise : cohort.noise) shape.noisy_inputs |= noise.input_sigma != 0.0;
  const auto kernel = choose(cohort.spec.model, shape);
  if (kernel.refused()) throw std::invalid_argument(kernel.refused());
  const std::size_t members = static_cast<std::size_t>(cohort.members),
                    entries = members * static_cast<std::size_t>(shape.parameters);
  const DeviceData<T> data(cohort.data);
  std::vector<Course> courses;
  std::vector<Progress> progress;
  for (const MemberNoise& noise : cohort.noise) {
    Course& course = courses.emplace_back();
    course.key = noise.key;
    course.sigma = noise.sigma;
    course.input_sigma = noise.input_sigma;
    Progress& at = progress.emplace_back(Progress::start());
    at.pass = Pass::gradient;
    at.epochs = noise.epoch;
  }
  const int blocks = std::min(cohort.members, 2 * dev::multiprocessors());
  const std::size_t scratch = Scratch<T>::size(shape, data.steps(), kernel.trials);

  const dev::Memory<T> parameters = on_device(cohort.parameters, entries);
  const dev::Memory<Course> course_memory = on_device(courses.data(), members);
  const dev::Memory<Progress> progress_memory = on_device(progress.data(), members);
  const dev::Memory<T> scratch_memory(scratch * static_cast<std::size_t>(blocks));
  const dev::Memory<int> order = on_device(data.order().data(), members);
  const dev::Memory<T> gradient_memory(entries);
  const Constants<T> constants(cohort.spec);
  TrainingTask<T> task{};
  task.shape = shape;
  task.shape.leaks = constants.leaks();
  task.mask = constants.mask();
  task.turns = cohort.members;
  task.order = order.data();
  task.steps = data.steps();
  task.data = data.trials();
  task.data_of = data.of_member();
  task.courses = course_memory.data();
  task.progress = progress_memory.data();
  task.parameters = parameters.data();
  task.gradient = gradient_memory.data();
  task.scratch = scratch_memory.data();
  task.scratch_size = scratch;
  dev::launch(kernel.entry, blocks, block_threads, kernel.shared_bytes, task);
  dev::to_host(progress_memory.data(), members, progress.data());
  for (std::size_t i = 0; i < members; ++i) loss[i] = progress[i].last_loss;
  dev::to_host(gradient_memory.data(), entries, gradient);
}

template const char* kernel_of<float>(const Spec&, Match, Loss);
template const char* kernel_of<double>(const Spec&, Match, Loss);
template void gradient(const Cohort<float>&, Match, double*, float*, Loss);
template void gradient(const Cohort<double>&, Match, double*, double*, Loss);

}  // namespace tbrnn::cuda
