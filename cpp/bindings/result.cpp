#include "bindings/result.hpp"

#include <algorithm>

namespace tbrnn {

namespace {

using Learners = std::vector<const Learner*>;

template <class T>
Array<T> column(const Learners& learners, T Progress::*value) {
  Array<T> out(static_cast<py::ssize_t>(learners.size()));
  for (std::size_t m = 0; m < learners.size(); ++m)
    out.mutable_data()[m] = learners[m]->progress().*value;
  return out;
}

py::list tables(const Learners& learners, std::vector<double> Progress::*list, int width) {
  py::list out;
  for (const Learner* learner : learners) {
    const std::vector<double>& entries = learner->progress().*list;
    Array<double> table({static_cast<py::ssize_t>(entries.size()) / width, py::ssize_t{width}});
    std::copy(entries.begin(), entries.end(), table.mutable_data());
    out.append(table);
  }
  return out;
}

template <class T>
void add_weights(const Learners& learners, BlockSizes sizes, py::dict& out) {
  const auto members = static_cast<py::ssize_t>(learners.size());
  const auto add = [&](const char* name, auto number, py::ssize_t width, auto read) {
    Array<decltype(number)> block({members, width});
    for (py::ssize_t m = 0; m < members; ++m) {
      const auto* learner =
          static_cast<const MemberLearner<T>*>(learners[static_cast<std::size_t>(m)]);
      const auto& from = read(*learner);
      std::copy(from.begin(), from.end(), block.mutable_data(m, 0));
    }
    out[name] = block;
  };
  using Member = MemberLearner<T>;
  const auto best = [](const Member& one) -> auto& { return one.best(); };
  const auto last = [](const Member& one) -> auto& { return one.last(); };
  const auto m = [](const Member& one) -> auto& { return one.optimizer().m; };
  const auto v = [](const Member& one) -> auto& { return one.optimizer().v; };
  const auto steps = [](const Member& one) -> auto& { return one.optimizer().steps; };
  add("best", T{}, sizes.parameters, best);
  add("last", T{}, sizes.parameters, last);
  add("m", T{}, sizes.parameters, m);
  add("v", T{}, sizes.parameters, v);
  add("steps", 0L, sizes.arrays, steps);
}

}  // namespace

py::dict result_of(const Learners& learners, BlockSizes sizes) {
  py::dict out;
  if (!learners.empty() && dynamic_cast<const MemberLearner<float>*>(learners.front()))
    add_weights<float>(learners, sizes, out);
  else
    add_weights<double>(learners, sizes, out);
  py::list status;
  for (const Learner* learner : learners)
    status.append(status_names[static_cast<int>(learner->progress().status)]);
  out["status"] = status;
  out["best_loss"] = column(learners, &Progress::best_loss);
  out["last_loss"] = column(learners, &Progress::last_loss);
  out["best_epoch"] = column(learners, &Progress::best_epoch);
  out["epochs"] = column(learners, &Progress::epochs);
  out["rollbacks"] = column(learners, &Progress::rollbacks);
  out["history"] = tables(learners, &Progress::history, Progress::record_width);
  out["statistics"] = tables(learners, &Progress::statistics, Progress::statistics_width);
  return out;
}

}  // namespace tbrnn
