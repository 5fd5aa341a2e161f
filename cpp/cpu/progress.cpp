#include "cpu/progress.hpp"

#include <algorithm>
#include <cmath>

namespace tbrnn {

bool Progress::due(const Course& course) const {
  return epochs == 0 || (epochs - 1) % course.evaluate_every == 0 || done(course);
}

bool Progress::judge(const Course& course, double loss) {
  const long epoch = epochs - 1;  // whose update made these weights
  last_loss = loss;
  bool best = false;
  if (epoch >= 0) {
    const double check = std::isnan(validation) ? loss : validation;
    best = check < best_loss;
    if (best) {
      best_loss = check;
      best_epoch = epoch;
    }
    best_training_loss = std::min(best_training_loss, loss);
    if (loss < course.target_loss)
      status = Status::converged;
    else if (stalls(course, epoch) || loses_patience(course, epoch, check))
      status = Status::stalled;
    else if (done(course))
      status = Status::capped;
  }
  record(course, loss);
  return best;
}

bool Progress::stalls(const Course& course, long epoch) {
  if (course.stall_window == 0 || epoch / course.stall_window == checked_window) return false;
  const bool stalled = checked_loss - best_training_loss < course.stall_improvement;
  checked_loss = best_training_loss;
  checked_window = epoch / course.stall_window;
  return stalled;
}

bool Progress::loses_patience(const Course& course, long epoch, double loss) {
  if (course.patience_epochs == 0) return false;
  if (loss < patience_loss - course.patience_improvement) {
    patience_loss = loss;
    patience_epoch = epoch;
  }
  return epoch - patience_epoch >= course.patience_epochs;
}

void Progress::record(const Course& course, double loss) {
  const long epoch = epochs - 1;
  const bool wanted = epoch < 0 || !running() || epoch % std::max(course.record_every, 1L) == 0;
  if (course.record_every && wanted)
    history.insert(history.end(),
                   {static_cast<double>(epoch), loss, validation, gradient_norm, lr});
  validation = unknown;
}

void Progress::note(const std::vector<double>& values) {
  statistics.push_back(static_cast<double>(epochs - 1));
  statistics.insert(statistics.end(), values.begin(), values.end());
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
