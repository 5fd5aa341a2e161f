#include "cpu/trainer.hpp"

#include <optional>

#include "bindings/archive.hpp"
#include "bindings/course.hpp"
#include "bindings/device.hpp"
#include "bindings/interruptible.hpp"
#include "bindings/register.hpp"
#include "bindings/result.hpp"

namespace tbrnn {

namespace {

// Moments (member, size) and counts (member, array) of an earlier training.
template <class T>
struct Moments {
  Array<T> m, v;
  Array<std::int64_t> steps;

  Moments(const py::dict& given, py::ssize_t members, py::ssize_t size, py::ssize_t arrays)
      : m(read<T>(given, "m", members, size)),
        v(read<T>(given, "v", members, size)),
        steps(read<std::int64_t>(given, "steps", members, arrays)) {}

  template <class Number>
  static Array<Number> read(const py::dict& given, const char* name, py::ssize_t members,
                            py::ssize_t width) {
    if (!given.contains(name)) throw py::value_error("optimizer must hold " + std::string(name));
    const auto array = as_array<Number>(given[name], name, 2);
    if (array.shape(0) != members || array.shape(1) != width)
      throw py::value_error(std::string(name) + " of the optimizer must be (" +
                            std::to_string(members) + ", " + std::to_string(width) + "), got (" +
                            std::to_string(array.shape(0)) + ", " + std::to_string(array.shape(1)) +
                            ")");
    return array;
  }
};

std::vector<bool> trained_arrays(const py::object& given, const Spec& spec) {
  if (given.is_none()) return {};
  const auto flags =
      per_member<bool>(given, "trained", static_cast<py::ssize_t>(fields(spec).size()));
  return {flags.begin(), flags.end()};
}

class PyTrainer {
 public:
  // `plugin`: the path of another engine's library, or empty.
  PyTrainer(int threads, const std::string& plugin) : trainer_(check_threads(threads)) {
    if (!plugin.empty()) device_ = std::make_unique<DeviceTraining>(open_plugin(plugin), trainer_);
  }

  template <class T>
  void add(const Spec& spec, const py::object& block, const std::vector<AnyDataset>& datasets,
           const py::object& dataset, Match match, Loss loss,
           const std::vector<AnyDataset>& validation, const py::object& validation_dataset,
           const py::object& optimizer, const std::vector<Course>& courses, bool split) {
    const auto parameters = members_parameters<T>(spec, block);
    const py::ssize_t members = parameters.shape(0);
    const auto data = members_data<T>(spec, datasets, dataset, members, &match);
    const auto plan = std::make_shared<const Plan<T>>(spec, &match, data.front()->steps(), loss);
    std::vector<Start<T>> starts(courses.size());
    std::vector<std::shared_ptr<const Dataset<T>>> held;
    if (!validation.empty()) {
      held = members_data<T>(spec, validation, validation_dataset, members, &match);
      for (std::size_t m = 0; m < starts.size(); ++m) starts[m].validation = held[m];
    }
    const auto arrays = static_cast<py::ssize_t>(plan->fields.size());
    std::unique_ptr<Moments<T>> moments;
    if (!optimizer.is_none())
      moments = std::make_unique<Moments<T>>(optimizer.cast<py::dict>(), members,
                                             parameters.shape(1), arrays);
    cohorts_.push_back(
        {trainer_.members(), static_cast<int>(members), {parameters.shape(1), arrays}});
    for (py::ssize_t m = 0; m < members; ++m) {
      const std::size_t i = static_cast<std::size_t>(m);
      if (moments) {
        starts[i].m = moments->m.data(m, 0);
        starts[i].v = moments->v.data(m, 0);
        starts[i].steps = moments->steps.data(m, 0);
      }
      trainer_.add(std::make_unique<MemberLearner<T>>(plan, data[i], courses[i],
                                                      parameters.data(m, 0), starts[i]));
    }
    if (device_)
      device_->add({spec, match, loss, std::is_same_v<T, double>, split, cohorts_.back().first,
                    DataViews(data, held), courses});
  }

  bool run(double seconds, long rest_every) {
    if (!device_)
      return interruptible(
          [&](const Stop& stop) { return trainer_.run(seconds, rest_every, stop); });
    const py::gil_scoped_release release;
    return device_->run(seconds, rest_every);
  }

  void interrupt() {
    fetch();
    trainer_.interrupt();
  }

  // Of all members of a cohort, or of some.
  py::dict result(int cohort, const std::optional<std::vector<int>>& members) {
    fetch();
    std::vector<const Learner*> learners;
    if (members)
      for (int member : *members) learners.push_back(&trainer_.learner(index(cohort, member)));
    else
      for (int m = 0; m < at(cohort).count; ++m)
        learners.push_back(&trainer_.learner(index(cohort, m)));
    return result_of(learners, at(cohort).sizes);
  }

  py::dict state(int cohort, int member) {
    fetch();
    Save save;
    trainer_.learner(index(cohort, member)).state(save);
    return save.out;
  }

  void restore(int cohort, int member, const py::dict& state) {
    Learner& learner = trainer_.learner(index(cohort, member));
    Load load(state);
    learner.state(load);
    learner.resume();
  }

  py::list resting(long every) const {
    py::list places;
    for (std::size_t c = 0; c < cohorts_.size(); ++c)
      for (int m = 0; m < cohorts_[c].count; ++m)
        if (trainer_.learner(cohorts_[c].first + m).rests(every))
          places.append(py::make_tuple(c, m));
    return places;
  }

  void note(int cohort, int member, const std::vector<double>& values) {
    if (values.size() + 1 != Progress::statistics_width)
      throw py::value_error("values must be " + std::to_string(Progress::statistics_width - 1) +
                            " numbers, got " + std::to_string(values.size()));
    trainer_.learner(index(cohort, member)).note(values);
  }

  // By themselves, not interrupted.
  Array<bool> ended(int cohort) const {
    Array<bool> flags(at(cohort).count);
    for (int m = 0; m < at(cohort).count; ++m) {
      const Status status = trainer_.learner(index(cohort, m)).progress().status;
      flags.mutable_at(m) = status != Status::running && status != Status::interrupted;
    }
    return flags;
  }

  Trainer& trainer() { return trainer_; }

 private:
  struct Members {
    int first, count;
    BlockSizes sizes;
  };

  const Members& at(int cohort) const {
    if (cohort < 0 || cohort >= static_cast<int>(cohorts_.size()))
      throw py::value_error("cohort must lie in [0, " + std::to_string(cohorts_.size()) +
                            "), got " + std::to_string(cohort));
    return cohorts_[static_cast<std::size_t>(cohort)];
  }

  void fetch() {
    if (device_) device_->fetch();
  }

  int index(int cohort, int member) const {
    const Members& members = at(cohort);
    if (member < 0 || member >= members.count)
      throw py::value_error("member must lie in [0, " + std::to_string(members.count) + "), got " +
                            std::to_string(member));
    return members.first + member;
  }

  Trainer trainer_;
  std::unique_ptr<DeviceTraining> device_;
  std::vector<Members> cohorts_;
};

}  // namespace

void register_trainer(py::module_& module) {
  py::class_<PyTrainer>(module, "Trainer", "Adam on many members at once, in slices of time.")
      .def(py::init<int, const std::string&>(), py::arg("threads"), py::arg("plugin") = "")
      .def(
          "add",
          [](PyTrainer& trainer, const Spec& spec, const py::object& parameters,
             const std::vector<AnyDataset>& datasets, const py::object& dataset,
             const std::string& match, const std::string& loss, const py::object& keys,
             int record_every, const std::vector<AnyDataset>& validation,
             const py::object& validation_dataset, const py::object& trained,
             const py::object& optimizer, bool split, const py::kwargs& options) {
            auto courses = courses_of(options, keys, static_cast<py::ssize_t>(py::len(parameters)));
            if (record_every < 0)
              throw py::value_error("record_every must not be negative, got " +
                                    std::to_string(record_every));
            for (Course& course : courses) {
              course.record_every = record_every;
              course.trained = trained_arrays(trained, spec);
            }
            with_precision(datasets, [&](auto number) {
              trainer.add<decltype(number)>(spec, parameters, datasets, dataset, parse_match(match),
                                            parse_loss(loss), validation, validation_dataset,
                                            optimizer, courses, split);
            });
          },
          py::arg("spec"), py::arg("parameters"), py::arg("datasets"), py::arg("dataset"),
          py::kw_only(), py::arg("match"), py::arg("loss") = "mse", py::arg("keys"),
          py::arg("record_every"), py::arg("validation") = std::vector<AnyDataset>{},
          py::arg("validation_dataset") = py::none(), py::arg("trained") = py::none(),
          py::arg("optimizer") = py::none(), py::arg("split") = false)
      .def("run", &PyTrainer::run, py::arg("seconds"), py::arg("rest_every") = 0)
      .def("interrupt", &PyTrainer::interrupt)
      .def("result", &PyTrainer::result, py::arg("cohort"), py::arg("members") = py::none())
      .def("state", &PyTrainer::state, py::arg("cohort"), py::arg("member"))
      .def("restore", &PyTrainer::restore, py::arg("cohort"), py::arg("member"), py::arg("state"))
      .def("ended", &PyTrainer::ended, py::arg("cohort"))
      .def("resting", &PyTrainer::resting, py::arg("rest_every"))
      .def("note", &PyTrainer::note, py::arg("cohort"), py::arg("member"), py::arg("values"))
      .def_property_readonly("epochs_done",
                             [](PyTrainer& trainer) { return trainer.trainer().epochs_done(); })
      .def_property_readonly("finished",
                             [](PyTrainer& trainer) { return trainer.trainer().finished(); })
      .def_property_readonly("members",
                             [](PyTrainer& trainer) { return trainer.trainer().members(); });
}

}  // namespace tbrnn
