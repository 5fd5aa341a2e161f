#include "bindings/device.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tbrnn {

namespace {

using Clock = std::chrono::steady_clock;
constexpr double launch_seconds = 0.1;  // between two looks at the clock
constexpr long most_epochs = 10'000;    // of one launch

// Between a learner and its row in the blocks of a cohort.
class Mirror final : public Archive {
 public:
  Mirror(const plugin::States& row, bool to_learner, std::vector<double> records = {})
      : row_(row), to_learner_(to_learner), records_(std::move(records)) {}

  void number(const char* name, long& value) override { move(name, value, wholes); }
  void number(const char* name, double& value) override { move(name, value, reals); }
  void array(const char* name, std::vector<float>& values) override { move_array(name, values); }
  void array(const char* name, std::vector<double>& values) override { move_array(name, values); }
  void array(const char* name, std::vector<long>& values) override {
    if (row_.steps && std::strcmp(name, "steps") == 0) copy(values, row_.steps);
    if (row_.kept_steps && std::strcmp(name, "kept_steps") == 0) copy(values, row_.kept_steps);
  }
  void list(const char* name, std::vector<double>& values) override {
    if (std::strcmp(name, "history") == 0)
      values.insert(values.end(), records_.begin(), records_.end());
  }
  void word(const char* name, const char*& choice, const char* const* choices, int) override {
    if (std::strcmp(name, "pass") == 0)
      move_word(choice, choices, row_.progress->pass);
    else
      move_word(choice, choices, row_.progress->status);
  }

 private:
  using P = plugin::Progress;
  static constexpr std::pair<const char*, std::int64_t P::*> wholes[] = {
      {"epochs", &P::epochs},
      {"best_epoch", &P::best_epoch},
      {"checked_window", &P::checked_window},
      {"patience_epoch", &P::patience_epoch},
      {"batch", &P::batch},
      {"rollbacks", &P::rollbacks},
      {"kept", &P::kept},
      {"kept_next", &P::kept_next}};
  static constexpr std::pair<const char*, double P::*> reals[] = {
      {"best_loss", &P::best_loss},
      {"best_training_loss", &P::best_training_loss},
      {"last_loss", &P::last_loss},
      {"validation", &P::validation},
      {"checked_loss", &P::checked_loss},
      {"patience_loss", &P::patience_loss},
      {"gradient_norm", &P::gradient_norm},
      {"lr", &P::lr},
      {"factor", &P::factor},
      {"limit", &P::limit}};

  template <class T, class Names>
  void move(const char* name, T& value, const Names& names) {
    for (const auto& [known, field] : names)
      if (std::strcmp(name, known) == 0) {
        if (to_learner_)
          value = row_.progress->*field;
        else
          row_.progress->*field = value;
      }
  }
  template <class Word>
  void move_word(const char*& choice, const char* const* choices, Word& word) const {
    int index = static_cast<int>(word);
    if (to_learner_) {
      choice = choices[index];
      return;
    }
    for (index = 0; choices[index] != choice;) ++index;
    word = static_cast<Word>(index);
  }
  template <class T>
  void move_array(const char* name, std::vector<T>& values) {
    const std::pair<const char*, void*> arrays[] = {{"parameters", row_.parameters},
                                                    {"before", row_.before},
                                                    {"best", row_.best},
                                                    {"m", row_.m},
                                                    {"v", row_.v},
                                                    {"kept_blocks", row_.kept}};
    for (const auto& [known, at] : arrays)
      if (at && std::strcmp(name, known) == 0) copy(values, static_cast<T*>(at));
  }
  template <class T, class U>
  void copy(std::vector<T>& values, U* at) const {
    if (to_learner_)
      std::copy_n(at, values.size(), values.begin());
    else
      std::copy(values.begin(), values.end(), at);
  }

  plugin::States row_;
  bool to_learner_;
  std::vector<double> records_;
};

}  // namespace

template <class T>
DataViews::DataViews(const std::vector<std::shared_ptr<const Dataset<T>>>& data,
                     const std::vector<std::shared_ptr<const Dataset<T>>>& validation) {
  for (const auto& set : data) set_of_.push_back(index(set, view_of(*set)));
  for (std::size_t m = 0; m < data.size(); ++m)
    validation_of_.push_back(validation.empty() ? -1
                                                : index(validation[m], view_of(*validation[m])));
}
template DataViews::DataViews(const std::vector<std::shared_ptr<const Dataset<float>>>&,
                              const std::vector<std::shared_ptr<const Dataset<float>>>&);
template DataViews::DataViews(const std::vector<std::shared_ptr<const Dataset<double>>>&,
                              const std::vector<std::shared_ptr<const Dataset<double>>>&);

int DataViews::index(const std::shared_ptr<const void>& data, const plugin::Trials& view) {
  const auto found = std::find(kept_.begin(), kept_.end(), data);
  const auto place = static_cast<int>(found - kept_.begin());
  if (found == kept_.end()) {
    kept_.push_back(data);
    sets_.push_back(view);
  }
  return place;
}

plugin::Members DataViews::of(const std::vector<int>& members) {
  set_chosen_.clear();
  validation_chosen_.clear();
  for (const int member : members) {
    set_chosen_.push_back(set_of_[static_cast<std::size_t>(member)]);
    validation_chosen_.push_back(validation_of_[static_cast<std::size_t>(member)]);
  }
  return {.count = static_cast<std::int32_t>(members.size()),
          .set_count = static_cast<std::int32_t>(sets_.size()),
          .sets = sets_.data(),
          .set_of = set_chosen_.data(),
          .validation_of = validation_chosen_.data()};
}

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
