#include "bindings/course.hpp"

#include <limits>

namespace tbrnn {

namespace {

struct Real {
  const char* name;
  double Course::*value;
};

struct Whole {
  const char* name;
  long Course::*value;
  long least, most = std::numeric_limits<std::int32_t>::max();
};

constexpr Real reals[] = {{"sigma", &Course::sigma},
                          {"input_sigma", &Course::input_sigma},
                          {"lr_first", &Course::lr_first},
                          {"lr_last", &Course::lr_last},
                          {"decay", &Course::decay},
                          {"clip", &Course::clip},
                          {"target_loss", &Course::target_loss},
                          {"stall_improvement", &Course::stall_improvement},
                          {"patience_improvement", &Course::patience_improvement},
                          {"guard_loss", &Course::guard_loss},
                          {"guard_factor", &Course::guard_factor},
                          {"guard_growth", &Course::guard_growth}};

constexpr Whole wholes[] = {{"lr_ramp", &Course::lr_ramp, 0, static_cast<long>(Ramp::cosine)},
                            {"lr_epochs", &Course::lr_epochs, 1},
                            {"epochs", &Course::epochs, 1},
                            {"batch", &Course::batch, 0},
                            {"evaluate_every", &Course::evaluate_every, 1},
                            {"stall_window", &Course::stall_window, 0},
                            {"patience_epochs", &Course::patience_epochs, 0},
                            {"guard_back", &Course::guard_back, 0},
                            {"guard_most", &Course::guard_most, 0}};

template <class Option, std::size_t count>
const Option* find(const Option (&options)[count], const std::string& name) {
  for (const Option& option : options)
    if (name == option.name) return &option;
  return nullptr;
}

}  // namespace

std::vector<Course> courses_of(const py::dict& options, const py::handle& keys,
                               py::ssize_t members) {
  std::vector<Course> courses(static_cast<std::size_t>(members));
  const auto noise_keys = per_member<std::uint64_t>(keys, "keys", members);
  for (std::size_t m = 0; m < courses.size(); ++m) courses[m].key = noise_keys[m];
  for (const auto& [key, values] : options) {
    const auto name = key.cast<std::string>();
    if (const Real* real = find(reals, name)) {
      const auto given = per_member<double>(values, real->name, members);
      for (std::size_t m = 0; m < courses.size(); ++m) courses[m].*real->value = given[m];
    } else if (const Whole* whole = find(wholes, name)) {
      const auto given = per_member<std::int64_t>(values, whole->name, members);
      for (std::size_t m = 0; m < courses.size(); ++m) {
        const bool small = given[m] < whole->least;
        if (small || given[m] > whole->most)
          throw py::value_error(name + " must be at " + (small ? "least " : "most ") +
                                std::to_string(small ? whole->least : whole->most) + ", got " +
                                std::to_string(given[m]));
        courses[m].*whole->value = given[m];
      }
    } else {
      throw py::type_error(name + " is no option of a training");
    }
  }
  return courses;
}

}  // namespace tbrnn
