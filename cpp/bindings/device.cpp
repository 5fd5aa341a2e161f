#include "bindings/device.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "bindings/mirror.hpp"

namespace tbrnn {

namespace {

using Clock = std::chrono::steady_clock;
constexpr double launch_seconds = 0.1;  // between two looks at the clock
constexpr long most_epochs = 10'000;    // of one launch

}  // namespace

class DeviceTraining::Part {
 public:
  Part(const plugin::Table& table, Trainer& host, Job job)
      : table_(table), host_(host), job_(std::move(job)), progress_(job_.members.size()) {
    const DeviceCohort& cohort = *job_.cohort;
    block_ = block_size(cohort.spec) * (cohort.real ? sizeof(double) : sizeof(float));
    fields_ = fields(cohort.spec).size();
    std::vector<plugin::Course> courses;
    for (const int member : job_.members) {
      courses.push_back(view_of(cohort.courses[static_cast<std::size_t>(member)]));
      back_ = std::max(back_, static_cast<std::size_t>(courses.back().guard_back));
    }
    for (auto& array : arrays_) array.resize(courses.size() * block_);
    steps_.resize(courses.size() * fields_);
    kept_.resize(courses.size() * back_ * 3 * block_);
    kept_steps_.resize(courses.size() * back_ * fields_);
    for (std::size_t i = 0; i < courses.size(); ++i) {
      Mirror mirror(row(i), false);
      learner(i).state(mirror);
    }
    const NetworkView network(cohort.spec, cohort.match, cohort.loss, cohort.real, false,
                              cohort.split);
    const plugin::Members members = job_.cohort->data.of(job_.members);
    const plugin::States states = row(0);
    plugin::Failure failure{};
    training_ = table.train(network.get(), &members, courses.data(), &states, &failure);
    require(failure);
  }
  ~Part() { table_.end(training_); }
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;

  const Job& job() const { return job_; }

  bool run(long epochs, long rest_every) {
    plugin::Failure failure{};
    const bool unfinished = table_.run(training_, epochs, rest_every, &failure) != 0;
    require(failure);
    table_.progress(training_, progress_.data());
    for (std::size_t i = 0; i < progress_.size(); ++i) {
      std::vector<double> records(static_cast<std::size_t>(progress_[i].records) *
                                  plugin::record_width);
      table_.take(training_, static_cast<std::int32_t>(i), records.data());
      plugin::States row{};
      row.progress = &progress_[i];
      Mirror mirror(row, true, std::move(records));
      learner(i).state(mirror);
    }
    return unfinished;
  }

  void fetch() {
    const plugin::States states = row(0);
    plugin::Failure failure{};
    table_.read(training_, &states, &failure);
    require(failure);
    for (std::size_t i = 0; i < job_.members.size(); ++i) {
      Mirror mirror(row(i), true);
      learner(i).state(mirror);
    }
  }

  bool rests(long every) const {
    for (std::size_t i = 0; i < job_.members.size(); ++i)
      if (learner(i).rests(every)) return true;
    return false;
  }

  Job unfinished() const {
    Job left{job_.cohort, {}};
    for (std::size_t i = 0; i < job_.members.size(); ++i)
      if (learner(i).running()) left.members.push_back(job_.members[i]);
    return left;
  }

 private:
  Learner& learner(std::size_t i) const {
    return host_.learner(job_.cohort->first + job_.members[i]);
  }
  plugin::States row(std::size_t i) {
    const auto at = [&](std::size_t array) { return arrays_[array].data() + i * block_; };
    return {&progress_[i],
            at(0),
            at(1),
            at(2),
            at(3),
            at(4),
            steps_.data() + i * fields_,
            kept_.data() + i * back_ * 3 * block_,
            kept_steps_.data() + i * back_ * fields_};
  }

  const plugin::Table& table_;
  Trainer& host_;
  Job job_;
  std::vector<plugin::Progress> progress_;
  std::vector<std::byte> arrays_[5];
  std::vector<std::byte> kept_;
  std::vector<std::int64_t> steps_, kept_steps_;
  std::size_t block_ = 0, fields_ = 0, back_ = 0;
  void* training_ = nullptr;
};

void DeviceTraining::add(DeviceCohort cohort) {
  std::vector<int> members(cohort.courses.size());
  for (std::size_t m = 0; m < members.size(); ++m) members[m] = static_cast<int>(m);
  jobs_.push_back({std::make_shared<DeviceCohort>(std::move(cohort)), std::move(members)});
}

void DeviceTraining::split(const OutOfMemory& error, Job job) {
  if (job.members.size() < 2) throw error;
  const auto middle = job.members.begin() + static_cast<std::ptrdiff_t>(job.members.size() / 2);
  jobs_.push_front({job.cohort, {middle, job.members.end()}});
  jobs_.push_front({job.cohort, {job.members.begin(), middle}});
}

void DeviceTraining::start() {
  Job job = std::move(jobs_.front());
  jobs_.pop_front();
  std::erase_if(job.members,
                [&](int member) { return !host_.learner(job.cohort->first + member).running(); });
  if (job.members.empty()) return;
  try {
    part_ = std::make_shared<Part>(table_, host_, job);
    epochs_ = 1;
  } catch (const OutOfMemory& error) {
    split(error, std::move(job));
  }
}

void DeviceTraining::launch(long rest_every) {
  const auto begin = Clock::now();
  bool unfinished = true;
  try {
    fetched_ = false;
    unfinished = part_->run(epochs_, rest_every);
  } catch (const OutOfMemory& error) {  // nothing was launched
    fetch();
    Job left = part_->unfinished();
    part_ = nullptr;
    return split(error, std::move(left));
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const double factor = std::clamp(launch_seconds / std::max(seconds, 1e-6), 0.25, 4.0);
  epochs_ = std::clamp(static_cast<long>(static_cast<double>(epochs_) * factor), 1L, most_epochs);
  if (unfinished) return;
  fetch();
  part_ = nullptr;
}

bool DeviceTraining::run(double seconds, long rest_every) {
  constexpr double day = 86'400.0;
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                      std::chrono::duration<double>(std::min(seconds, day)));
  while (Clock::now() < end && (part_ || !jobs_.empty())) {
    if (!part_)
      start();
    else if (part_->rests(rest_every))
      break;  // until they are noted
    else
      launch(rest_every);
  }
  return part_ || !jobs_.empty();
}

void DeviceTraining::fetch() {
  if (part_ && !fetched_) part_->fetch();
  fetched_ = true;
}

}  // namespace tbrnn
