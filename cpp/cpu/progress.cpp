#include "cpu/progress.hpp"

namespace tbrnn {

bool Progress::judge(const Course& course, double loss) {
  const bool best = stopping::judge(*this, course, loss);
  record(course, loss);
  return best;
}

void Progress::record(const Course& course, double loss) {
  stopping::record(*this, course, loss, [&](const double(&entry)[record_width]) {
    history.insert(history.end(), entry, entry + record_width);
  });
}

void Progress::make_room() {
  if (history.capacity() < history.size() + record_width)
    history.reserve(2 * history.size() + record_width);
}

void Progress::note(const std::vector<double>& values) {
  std::vector<double> entry{static_cast<double>(epochs - 1)};
  entry.insert(entry.end(), values.begin(), values.end());
  statistics.insert(statistics.end(), entry.begin(), entry.end());  // whole or not at all
}

bool Progress::rests(long every) const {
  if (!running() || every == 0 || epochs == 0 || epochs % every) return false;
  return statistics.empty() ||
         *(statistics.end() - statistics_width) != static_cast<double>(epochs - 1);
}

void Progress::state(Archive& archive) {
  archive.choice("status", status, status_names);
  archive.number("epochs", epochs);
  archive.number("best_epoch", best_epoch);
  archive.number("best_loss", best_loss);
  archive.number("best_training_loss", best_training_loss);
  archive.number("last_loss", last_loss);
  archive.number("validation", validation);
  archive.number("checked_loss", checked_loss);
  archive.number("checked_window", checked_window);
  archive.number("patience_loss", patience_loss);
  archive.number("patience_epoch", patience_epoch);
  archive.number("gradient_norm", gradient_norm);
  archive.number("lr", lr);
  archive.number("factor", factor);
  archive.number("limit", limit);
  archive.number("rollbacks", rollbacks);
  archive.list("history", history);
  archive.list("statistics", statistics);
}

plugin::Course view_of(const Course& c) {
  std::uint32_t untrained = 0;
  for (std::size_t i = 0; i < c.trained.size(); ++i)
    untrained |= static_cast<std::uint32_t>(!c.trained[i]) << i;
  return {.key = c.key,
          .sigma = c.sigma,
          .input_sigma = c.input_sigma,
          .lr_ramp = static_cast<std::int32_t>(c.lr_ramp),
          .untrained = untrained,
          .lr_first = c.lr_first,
          .lr_last = c.lr_last,
          .decay = c.decay,
          .clip = c.clip,
          .target_loss = c.target_loss,
          .stall_improvement = c.stall_improvement,
          .patience_improvement = c.patience_improvement,
          .guard_loss = c.guard_loss,
          .guard_factor = c.guard_factor,
          .guard_growth = c.guard_growth,
          .lr_epochs = c.lr_epochs,
          .epochs = c.epochs,
          .batch = c.batch,
          .evaluate_every = c.evaluate_every,
          .stall_window = c.stall_window,
          .patience_epochs = c.patience_epochs,
          .guard_back = c.guard_back,
          .guard_most = c.guard_most,
          .record_every = c.record_every};
}

}  // namespace tbrnn
