// Loss and gradient of a cohort: what goes to the device, the launch, and what comes back.
#include <algorithm>

#include "engine.hpp"
#include "launcher.cuh"

namespace tbrnn::cuda {

template <class T>
const char* kernel_of(const Spec& spec, Match match, Loss loss, bool noisy_inputs, bool split) {
  const Shape<T> shape = shape_of<T>(spec, match, loss, noisy_inputs, split);
  const auto kernel = choose(spec.model, shape);
  const char* why_not = kernel.refused(shape);
  return why_not ? why_not : kernel.name;
}

template <class T>
void gradient(const Cohort<T>& cohort, Match match, double* loss, T* gradient, Loss kind) {
  std::vector<Course> courses;
  std::vector<Progress> progress;
  bool noisy_inputs = false;
  for (const NoiseSource& noise : cohort.noise) {
    Course& course = courses.emplace_back();
    course.key = noise.key;
    course.sigma = noise.sigma;
    course.input_sigma = noise.input_sigma;
    noisy_inputs |= noise.input_sigma != 0.0;
    Progress& at = progress.emplace_back(Progress::start());
    at.pass = Pass::gradient;
    at.epochs = noise.epoch;
  }
  const Shape<T> shape = shape_of<T>(cohort.spec, match, kind, noisy_inputs, cohort.split);
  const Launcher<T> launcher(cohort.spec, shape, cohort.data, cohort.members);
  const std::size_t entries = courses.size() * static_cast<std::size_t>(shape.parameters);
  const dev::Memory<Course> course_memory = on_device(courses.data(), courses.size());
  const dev::Memory<Progress> progress_memory = on_device(progress.data(), progress.size());
  const dev::Memory<T> parameters = on_device(cohort.parameters, entries), gradient_memory(entries);
  TrainingTask<T> task{};
  task.courses = course_memory.data();
  task.progress = progress_memory.data();
  task.parameters = parameters.data();
  task.gradient = gradient_memory.data();
  launcher.launch(task, launcher.order());
  dev::to_host(progress_memory.data(), progress.size(), progress.data());
  std::transform(progress.begin(), progress.end(), loss,
                 [](const Progress& at) { return at.last_loss; });
  dev::to_host(gradient_memory.data(), entries, gradient);
}

template const char* kernel_of<float>(const Spec&, Match, Loss, bool, bool);
template const char* kernel_of<double>(const Spec&, Match, Loss, bool, bool);
template void gradient(const Cohort<float>&, Match, double*, float*, Loss);
template void gradient(const Cohort<double>&, Match, double*, double*, Loss);

}  // namespace tbrnn::cuda
