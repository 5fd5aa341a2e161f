// Choices of options in which every pair of values of two options occurs, as far as `allowed` lets it.
#pragma once

#include <random>
#include <set>
#include <tuple>
#include <vector>

namespace tbrnn {

using Choice = std::vector<int>;  // [option]: which of its values

template <class Allowed>
std::vector<Choice> pairwise(const std::vector<int>& values,  // [option]: how many
                             Allowed allowed, unsigned seed) {
  using Pair = std::tuple<std::size_t, int, std::size_t, int>;
  std::set<Pair> open;
  for (std::size_t a = 0; a < values.size(); ++a)
    for (std::size_t b = 0; b < a; ++b)
      for (int i = 0; i < values[a]; ++i)
        for (int j = 0; j < values[b]; ++j) open.insert({a, i, b, j});
  const auto pairs_of = [&](const Choice& choice, auto use) {
    for (std::size_t a = 0; a < values.size(); ++a)
      for (std::size_t b = 0; b < a; ++b) use(Pair{a, choice[a], b, choice[b]});
  };
  std::mt19937 random(seed);
  const auto any = [&](std::size_t option) {
    return static_cast<int>(random() % static_cast<unsigned>(values[option]));
  };
  std::vector<Choice> list;
  while (!open.empty()) {  // the best of many that contain the first open pair
    const auto [a, i, b, j] = *open.begin();
    Choice best;
    int most = 0;
    for (int attempt = 0; attempt < 300; ++attempt) {
      Choice choice;
      for (std::size_t option = 0; option < values.size(); ++option) choice.push_back(any(option));
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
