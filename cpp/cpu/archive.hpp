// Everything that a training remembers, written to or read from somewhere else by one and the same list.
#pragma once

#include <vector>

namespace tbrnn {

class Archive {
 public:
  virtual ~Archive() = default;
  virtual void number(const char* name, long&) = 0;
  virtual void number(const char* name, double&) = 0;
  virtual void array(const char* name, std::vector<float>&) = 0;  // of the length that it has
  virtual void array(const char* name, std::vector<double>&) = 0;
  virtual void array(const char* name, std::vector<long>&) = 0;
  virtual void list(const char* name, std::vector<double>&) = 0;  // of any length
  virtual void word(const char* name, const char*& choice, const char* const* choices,
                    int count) = 0;

  template <class Choice, std::size_t count>
  void choice(const char* name, Choice& value, const char* const (&names)[count]) {
    const char* chosen = names[static_cast<std::size_t>(value)];
    word(name, chosen, names, static_cast<int>(count));
    for (std::size_t i = 0; i < count; ++i)
      if (names[i] == chosen) value = static_cast<Choice>(i);
  }
};

}  // namespace tbrnn
