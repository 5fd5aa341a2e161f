// The training of a cohort: what stays on the device, and a launch for some epochs of the members that still learn.
#include <algorithm>
#include <bit>
#include <limits>

#include "engine.hpp"
#include "launcher.cuh"

namespace tbrnn::cuda {

template <class T>
struct Trainer<T>::State {
  Shape<T> shape;
  Launcher<T> launcher;
  std::vector<Field> fields;
  std::vector<double> low, high;  // [field]: bounds of its entries
  std::vector<Course> courses;
  std::vector<Progress> progress;
  std::vector<std::vector<double>> history;

  dev::Memory<Course> device_courses;
  dev::Memory<Progress> device_progress;
  dev::Memory<T> parameters, before, best, gradient, m, v;
  dev::Memory<long> steps_taken;
  long most_back = 0;  // steps that the members' guards undo
  dev::Memory<T> kept;
  dev::Memory<long> kept_steps;
  dev::Memory<double> norms;

  State(const Spec&, Match, const std::vector<Member>&, Loss, bool split);
  long history_size(long epochs) const;
  void launch(const std::vector<int>& running, long epochs, long rest_every);
};

namespace {

template <class Member>
auto sets_of(const std::vector<Member>& members) {  // the data sets, then the validation sets
  std::vector<decltype(members.front().data)> sets;
  for (const Member& member : members) sets.push_back(member.data);
  for (const Member& member : members) sets.push_back(member.validation);
  return sets;
}

template <class Member>
bool any_input_noise(const std::vector<Member>& members) {
  return std::any_of(members.begin(), members.end(),
                     [](const Member& member) { return member.course.input_sigma != 0.0; });
}

template <class Member>
bool whole(const Member& member) {  // all trials in one step
  return member.course.batch == 0 || member.course.batch >= member.data->trials();
}

// Room for the order of an epoch: a power of two, or 0 where no member has batches.
template <class Member>
int tickets_of(const std::vector<Member>& members) {
  int trials = 0;
  for (const Member& member : members)
    if (!whole(member)) trials = std::max(trials, member.data->trials());
  return trials ? static_cast<int>(std::bit_ceil(static_cast<unsigned>(trials))) : 0;
}

template <class T>
dev::Memory<T> zeros(std::size_t size) {
  return on_device(std::vector<T>(size).data(), size);
}

}  // namespace

template <class T>
Trainer<T>::State::State(const Spec& spec, Match match, const std::vector<Member>& members,
                         Loss loss, bool split)
    : shape(shape_of<T>(spec, match, loss, any_input_noise(members), split)),
      launcher(spec, shape, sets_of(members), static_cast<int>(members.size()),
               tickets_of(members)),
      fields(tbrnn::fields(spec)),
      history(members.size()) {
  const std::size_t entries = members.size() * static_cast<std::size_t>(shape.parameters);
  std::vector<T> weights;
  for (const Member& member : members) {
    weights.insert(weights.end(), member.parameters, member.parameters + shape.parameters);
    courses.push_back(member.course);
    Progress first = Progress::start();
    first.pass = first.first_look(member.course, whole(member), member.validation != nullptr);
    most_back = std::max<long>(most_back, member.course.guard_back);
    progress.push_back(first);
  }
  constexpr double none = std::numeric_limits<double>::infinity();
  low.assign(fields.size(), -none);
  high.assign(fields.size(), none);
  for (const Bound& bound : spec.bounds) {
    const auto i = static_cast<std::size_t>(find(fields, bound.field) - fields.data());
    low[i] = bound.low;
    high[i] = bound.high;
  }
  device_courses = on_device(courses.data(), courses.size());
  device_progress = on_device(progress.data(), progress.size());
  parameters = on_device(weights.data(), entries);
  before = on_device(weights.data(), entries);
  best = on_device(weights.data(), entries);
  gradient = dev::Memory<T>(entries);
  m = zeros<T>(entries);
  v = zeros<T>(entries);
  steps_taken = zeros<long>(members.size() * fields.size());
  kept = zeros<T>(static_cast<std::size_t>(most_back) * 3 * entries);
  kept_steps = zeros<long>(static_cast<std::size_t>(most_back) * steps_taken.size());
  norms = dev::Memory<double>(members.size() * norm_parts);
}

// Entries that a member may write in so many epochs: one before training, one at its end.
template <class T>
long Trainer<T>::State::history_size(long epochs) const {
  long most = 0;
  for (const Course& course : courses)
    if (course.record_every) most = std::max(most, epochs / course.record_every + 3);
  return most;
}

template <class T>
void Trainer<T>::State::launch(const std::vector<int>& running, long epochs, long rest_every) {
  const std::size_t entries = static_cast<std::size_t>(history_size(epochs)) * record_width;
  const dev::Memory<double> history_memory = zeros<double>(entries * courses.size());
  TrainingTask<T> task{};
  task.epochs = epochs;
  task.rest_every = rest_every;
  task.courses = device_courses.data();
  task.progress = device_progress.data();
  task.fields = static_cast<int>(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i)
    task.field_begin[i] = static_cast<int>(fields[i].offset);
  task.field_begin[fields.size()] = shape.parameters;
  std::copy(low.begin(), low.end(), task.low);
  std::copy(high.begin(), high.end(), task.high);
  task.parameters = parameters.data();
  task.before = before.data();
  task.best = best.data();
  task.gradient = gradient.data();
  task.m = m.data();
  task.v = v.data();
  task.steps_taken = steps_taken.data();
  task.most_back = static_cast<int>(most_back);
  task.kept = kept.data();
  task.kept_steps = kept_steps.data();
  task.norms = norms.data();
  task.history = history_memory.data();
  task.history_size = static_cast<int>(history_size(epochs));
  launcher.launch(task, running);

  dev::to_host(device_progress.data(), progress.size(), progress.data());
  std::vector<double> added(history_memory.size());
  dev::to_host(history_memory.data(), added.size(), added.data());
  for (const int member : running) {
    const std::size_t i = static_cast<std::size_t>(member);
    const auto first = added.begin() + static_cast<std::ptrdiff_t>(i * entries);
    history[i].insert(history[i].end(), first, first + progress[i].records * record_width);
    progress[i].records = 0;
  }
  dev::to_device(progress.data(), progress.size(), device_progress.data());
}

template <class T>
Trainer<T>::Trainer(const Spec& spec, Match match, const std::vector<Member>& members, Loss loss,
                    bool split)
    : state_(std::make_unique<State>(spec, match, members, loss, split)) {}

template <class T>
Trainer<T>::~Trainer() = default;

template <class T>
bool Trainer<T>::run(long epochs, long rest_every) {
  const auto runs = [&](int member) {
    return state_->progress[static_cast<std::size_t>(member)].running();
  };
  std::vector<int> running;
  for (const int member : state_->launcher.order())
    if (runs(member)) running.push_back(member);
  if (!running.empty()) state_->launch(running, epochs, rest_every);
  return std::any_of(running.begin(), running.end(), runs);
}

template <class T>
typename Trainer<T>::Result Trainer<T>::result(int member) const {
  const std::size_t i = static_cast<std::size_t>(member),
                    size = static_cast<std::size_t>(state_->shape.parameters);
  Result result{state_->progress[i], std::vector<T>(size), std::vector<T>(size),
                state_->history[i]};
  dev::to_host(state_->best.data() + i * size, size, result.best.data());
  dev::to_host(state_->parameters.data() + i * size, size, result.last.data());
  return result;
}

template <class T>
void Trainer<T>::write(const std::vector<Progress>& progress, const States<T>& from) {
  State& s = *state_;
  s.progress = progress;
  dev::to_device(progress.data(), progress.size(), s.device_progress.data());
  const std::size_t size = s.parameters.size();
  dev::to_device(from.parameters, size, s.parameters.data());
  dev::to_device(from.before, size, s.before.data());
  dev::to_device(from.best, size, s.best.data());
  dev::to_device(from.m, size, s.m.data());
  dev::to_device(from.v, size, s.v.data());
  dev::to_device(from.steps, s.steps_taken.size(), s.steps_taken.data());
  dev::to_device(from.kept, s.kept.size(), s.kept.data());
  dev::to_device(from.kept_steps, s.kept_steps.size(), s.kept_steps.data());
}

template <class T>
void Trainer<T>::read(const States<T>& to) const {
  const State& s = *state_;
  const std::size_t size = s.parameters.size();
  dev::to_host(s.parameters.data(), size, to.parameters);
  dev::to_host(s.before.data(), size, to.before);
  dev::to_host(s.best.data(), size, to.best);
  dev::to_host(s.m.data(), size, to.m);
  dev::to_host(s.v.data(), size, to.v);
  dev::to_host(s.steps_taken.data(), s.steps_taken.size(), to.steps);
  dev::to_host(s.kept.data(), s.kept.size(), to.kept);
  dev::to_host(s.kept_steps.data(), s.kept_steps.size(), to.kept_steps);
}

template <class T>
const Progress& Trainer<T>::progress(int member) const {
  return state_->progress[static_cast<std::size_t>(member)];
}

template <class T>
std::vector<double>& Trainer<T>::history(int member) {
  return state_->history[static_cast<std::size_t>(member)];
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace tbrnn::cuda
