// What a learner is, moved to and from a row of the arrays that an engine on a device takes and gives.
#pragma once

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "core/plugin.hpp"
#include "cpu/trainer.hpp"

namespace tbrnn {

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

}  // namespace tbrnn
