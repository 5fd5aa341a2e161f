// Choices of options in which every pair of values of two options occurs, as far as `allowed` lets it.
#pragma once

#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace tbrnn {

struct Option {
  const char* name;
  int values;
};
using Options = std::vector<Option>;
using Choice = std::vector<int>;  // [option]: which of its values

inline std::string describe(const Options& options, const Choice& choice) {
  std::string text;
  for (std::size_t i = 0; i < choice.size(); ++i)
    text += std::string(options[i].name) + " " + std::to_string(choice[i]) + ", ";
  return text;
}

template <class Allowed>
std::vector<Choice> pairwise(const Options& options, Allowed allowed, unsigned seed) {
  using Pair = std::tuple<std::size_t, int, std::size_t, int>;
  std::set<Pair> open;
  for (std::size_t a = 0; a < options.size(); ++a)
    for (std::size_t b = 0; b < a; ++b)
      for (int i = 0; i < options[a].values; ++i)
        for (int j = 0; j < options[b].values; ++j) open.insert({a, i, b, j});
  const auto pairs_of = [&](const Choice& choice, auto use) {
    for (std::size_t a = 0; a < options.size(); ++a)
      for (std::size_t b = 0; b < a; ++b) use(Pair{a, choice[a], b, choice[b]});
  };
  std::mt19937 random(seed);
  const auto any = [&](std::size_t option) {
    return static_cast<int>(random() % static_cast<unsigned>(options[option].values));
  };
  std::vector<Choice> list;
  while (!open.empty()) {  // the best of many that contain the first open pair
    const auto [a, i, b, j] = *open.begin();
    Choice best;
    int most = 0;
    for (int attempt = 0; attempt < 300; ++attempt) {
      Choice choice;
      for (std::size_t option = 0; option < options.size(); ++option) choice.push_back(any(option));
      choice[a] = i;
      choice[b] = j;
      if (!allowed(choice)) continue;
      int found = 0;
      pairs_of(choice, [&](const Pair& pair) { found += static_cast<int>(open.count(pair)); });
      if (found > most) {
        most = found;
        best = choice;
      }
    }
    if (best.empty()) {
      open.erase(open.begin());  // a pair that is not allowed
      continue;
    }
    list.push_back(best);
    pairs_of(best, [&](const Pair& pair) { open.erase(pair); });
  }
  return list;
}

}  // namespace tbrnn
