// The state of a member as a dictionary of numpy arrays, numbers and words.
#pragma once

#include <algorithm>
#include <string>

#include "bindings/register.hpp"
#include "cpu/archive.hpp"

namespace tbrnn {

class Save final : public Archive {
 public:
  void number(const char* name, long& value) override { out[name] = value; }
  void number(const char* name, double& value) override { out[name] = value; }
  void array(const char* name, std::vector<float>& values) override { put(name, values); }
  void array(const char* name, std::vector<double>& values) override { put(name, values); }
  void array(const char* name, std::vector<long>& values) override { put(name, values); }
  void list(const char* name, std::vector<double>& values) override { put(name, values); }
  void word(const char* name, const char*& choice, const char* const*, int) override {
    out[name] = choice;
  }

  py::dict out;

 private:
  template <class T>
  void put(const char* name, const std::vector<T>& values) {
    out[name] = Array<T>(static_cast<py::ssize_t>(values.size()), values.data());
  }
};

class Load final : public Archive {
 public:
  explicit Load(const py::dict& in) : in_(in) {}
  void number(const char* name, long& value) override { value = py::int_(at(name)).cast<long>(); }
  void number(const char* name, double& value) override {
    value = py::float_(at(name)).cast<double>();
  }
  void array(const char* name, std::vector<float>& values) override { fill(name, values); }
  void array(const char* name, std::vector<double>& values) override { fill(name, values); }
  void array(const char* name, std::vector<long>& values) override { fill(name, values); }
  void list(const char* name, std::vector<double>& values) override { values = read<double>(name); }
  void word(const char* name, const char*& choice, const char* const* choices, int count) override {
    const auto word = py::str(at(name)).cast<std::string>();
    const auto* found = std::find(choices, choices + count, word);
    if (found == choices + count)
      throw py::value_error("state[" + std::string(name) + "] must be a known word, got " + word);
    choice = *found;
  }

 private:
  py::object at(const char* name) const {
    if (!in_.contains(name))
      throw py::value_error("state must hold " + std::string(name) + ", got " +
                            py::str(py::list(in_)).cast<std::string>());
    return in_[name];
  }
  template <class T>
  std::vector<T> read(const char* name) const {
    const auto array = as_array<T>(at(name), name, 1);
    return {array.data(), array.data() + array.shape(0)};
  }
  template <class T>
  void fill(const char* name, std::vector<T>& values) const {
    std::vector<T> given = read<T>(name);
    if (given.size() != values.size())
      throw py::value_error("state[" + std::string(name) + "] must hold " +
                            std::to_string(values.size()) + " numbers, got " +
                            std::to_string(given.size()));
    values = std::move(given);
  }

  const py::dict& in_;
};

}  // namespace tbrnn
