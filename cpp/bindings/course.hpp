// The options of a training by name.
#pragma once

#include "bindings/register.hpp"
#include "cpu/progress.hpp"

namespace tbrnn {

// One Course per member from arrays (member,); what is left out keeps its default.
std::vector<Course> courses_of(const py::dict& options, const py::handle& keys,
                               py::ssize_t members);

}  // namespace tbrnn
