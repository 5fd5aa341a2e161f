#include "cpu/trainer.hpp"

#include "bindings/register.hpp"

namespace tbrnn {

namespace {

const char* name(Status status) {
  switch (status) {
    case Status::running: return "running";
    case Status::converged: return "converged";
    case Status::stalled: return "stalled";
    case Status::capped: return "capped";
    case Status::diverged: return "diverged";
    case Status::interrupted: break;
  }
  return "interrupted";
}

class PyTrainer {
 public:
  explicit PyTrainer(int threads) : trainer_(check_threads(threads)) {}

  template <class T>
  void add(const Spec& spec, const py::handle& block, const std::vector<AnyDataset>& datasets,
           const py::handle& dataset, Match match, const std::vector<Course>& courses) {
    const auto parameters = members_parameters<T>(spec, block);
    const auto data = members_data<T>(spec, datasets, dataset, parameters.shape(0), &match);
    const auto plan = std::make_shared<const Plan<T>>(spec, &match, data.front()->steps());
    cohorts_.push_back({trainer_.members(), static_cast<int>(courses.size()), parameters.shape(1)});
    for (std::size_t m = 0; m < courses.size(); ++m)
      trainer_.add(std::make_unique<MemberLearner<T>>(
          plan, data[m], courses[m], parameters.data(static_cast<py::ssize_t>(m), 0)));
  }

  bool run(double seconds) {
    const py::gil_scoped_release release;
    return trainer_.run(seconds);
  }

  py::dict result(int cohort) const {
    if (cohort < 0 || cohort >= static_cast<int>(cohorts_.size()))
      throw py::value_error("cohort must lie in [0, " + std::to_string(cohorts_.size()) +
                            "), got " + std::to_string(cohort));
    const Members members = cohorts_[static_cast<std::size_t>(cohort)];
    py::dict out = dynamic_cast<const MemberLearner<float>*>(&trainer_.learner(members.first))
                       ? weights<float>(members)
                       : weights<double>(members);
    py::list status, history;
    Array<double> best_loss(members.count), last_loss(members.count);
    Array<std::int64_t> best_epoch(members.count), epochs(members.count);
    for (int m = 0; m < members.count; ++m) {
      const Progress& at = trainer_.learner(members.first + m).progress();
      status.append(name(at.status));
      best_loss.mutable_at(m) = at.best_loss;
      last_loss.mutable_at(m) = at.last_loss;
      best_epoch.mutable_at(m) = at.best_epoch;
      epochs.mutable_at(m) = at.updates;
      const auto entries = static_cast<py::ssize_t>(at.history.size() / 2);
      Array<double> curve({entries, py::ssize_t{2}});
      std::copy(at.history.begin(), at.history.end(), curve.mutable_data());
      history.append(curve);
    }
    out["status"] = status;
    out["best_loss"] = best_loss;
    out["last_loss"] = last_loss;
    out["best_epoch"] = best_epoch;
    out["epochs"] = epochs;
    out["history"] = history;
    return out;
  }

  Trainer& trainer() { return trainer_; }

 private:
  struct Members {
    int first, count;
    py::ssize_t size;
  };

  template <class T>
  py::dict weights(Members members) const {
    Array<T> best({static_cast<py::ssize_t>(members.count), members.size}),
        last({static_cast<py::ssize_t>(members.count), members.size});
    for (int m = 0; m < members.count; ++m) {
      const auto& learner =
          static_cast<const MemberLearner<T>&>(trainer_.learner(members.first + m));
      std::copy(learner.best().begin(), learner.best().end(), best.mutable_data(m, 0));
      std::copy(learner.last().begin(), learner.last().end(), last.mutable_data(m, 0));
    }
    py::dict out;
    out["best"] = best;
    out["last"] = last;
    return out;
  }

  Trainer trainer_;
  std::vector<Members> cohorts_;
};

}  // namespace

void register_trainer(py::module_& module) {
  py::class_<PyTrainer>(module, "Trainer", "Adam on many members at once, in slices of time.")
      .def(py::init<int>(), py::arg("threads"))
      .def(
          "add",
          [](PyTrainer& trainer, const Spec& spec, const py::object& parameters,
             const std::vector<AnyDataset>& datasets, const py::object& dataset,
             const std::string& match, const py::object& keys, const py::object& sigma,
             const py::object& lr_first, const py::object& lr_last, const py::object& lr_epochs,
             const py::object& epochs, const py::object& target_loss,
             const py::object& stall_window, const py::object& stall_improvement,
             int record_every) {
            const auto members = static_cast<py::ssize_t>(py::len(parameters));
            const auto real = [&](const py::object& object, const char* name) {
              return per_member<double>(object, name, members);
            };
            const auto whole = [&](const py::object& object, const char* name, std::int64_t least) {
              auto values = per_member<std::int64_t>(object, name, members);
              for (std::int64_t value : values)
                if (value < least)
                  throw py::value_error(std::string(name) + " must be at least " +
                                        std::to_string(least) + ", got " + std::to_string(value));
              return values;
            };
            const auto noise_keys = per_member<std::uint64_t>(keys, "keys", members);
            const auto sigmas = real(sigma, "sigma"), firsts = real(lr_first, "lr_first"),
                       lasts = real(lr_last, "lr_last"), targets = real(target_loss, "target_loss"),
                       improvements = real(stall_improvement, "stall_improvement");
            const auto ramps = whole(lr_epochs, "lr_epochs", 1), caps = whole(epochs, "epochs", 1),
                       windows = whole(stall_window, "stall_window", 0);
            if (record_every < 0)
              throw py::value_error("record_every must not be negative, got " +
                                    std::to_string(record_every));
            std::vector<Course> courses;
            for (std::size_t m = 0; m < sigmas.size(); ++m)
              courses.push_back({noise_keys[m], sigmas[m], firsts[m], lasts[m], ramps[m], caps[m],
                                 targets[m], windows[m], improvements[m], record_every});
            with_precision(datasets, [&](auto number) {
              trainer.add<decltype(number)>(spec, parameters, datasets, dataset, parse_match(match),
                                            courses);
            });
          },
          py::arg("spec"), py::arg("parameters"), py::arg("datasets"), py::arg("dataset"),
          py::kw_only(), py::arg("match"), py::arg("keys"), py::arg("sigma"), py::arg("lr_first"),
          py::arg("lr_last"), py::arg("lr_epochs"), py::arg("epochs"), py::arg("target_loss"),
          py::arg("stall_window"), py::arg("stall_improvement"), py::arg("record_every"))
      .def("run", &PyTrainer::run, py::arg("seconds"))
      .def("interrupt", [](PyTrainer& trainer) { trainer.trainer().interrupt(); })
      .def("result", &PyTrainer::result, py::arg("cohort"))
      .def_property_readonly("epochs_done",
                             [](PyTrainer& trainer) { return trainer.trainer().epochs_done(); })
      .def_property_readonly("finished",
                             [](PyTrainer& trainer) { return trainer.trainer().finished(); })
      .def_property_readonly("members",
                             [](PyTrainer& trainer) { return trainer.trainer().members(); });
}

}  // namespace tbrnn
