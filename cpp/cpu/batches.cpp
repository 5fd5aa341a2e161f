#include "cpu/batches.hpp"

#include <utility>

#include "equations/noise.hpp"

namespace tbrnn {

Batches::Batches(long batch, int trials)
    : trials_(trials),
      size_(batch > 0 && batch < trials ? static_cast<int>(batch) : trials),
      order_(static_cast<std::size_t>(size_ < trials ? trials : 0)) {}

void Batches::shuffle(std::uint64_t key, long epoch) {
  auto words = std::exchange(words_, {});
  for (int trial = 0; trial < static_cast<int>(order_.size()); ++trial)
    words.emplace_back(
        shuffle_word(key, static_cast<std::uint32_t>(epoch), static_cast<std::uint32_t>(trial)),
        trial);
  std::sort(words.begin(), words.end());
  std::transform(words.begin(), words.end(), order_.begin(),
                 [](const auto& word) { return word.second; });
}

bool Batches::advance() {
  at_ = last() ? 0 : at_ + 1;
  return at_ > 0;
}

namespace {

// Where the 32 lanes of a tile come from: a tile of the data set and a lane of it.
struct Source {
  int tile[tile_trials], lane[tile_trials];
};

// Row by row, so that the lines of a row stay in the nearest cache while its lanes are picked.
template <class T>
T* gather_rows(const Source& from, int rows, const T* packed, T* to) {
  const std::size_t tile_size = static_cast<std::size_t>(rows) * tile_trials;
  const T* lanes[tile_trials];
  for (int i = 0; i < tile_trials; ++i)
    lanes[i] = packed + static_cast<std::size_t>(from.tile[i]) * tile_size + from.lane[i];
  for (std::size_t at = 0; at < tile_size; at += tile_trials)
    for (int i = 0; i < tile_trials; ++i) *to++ = lanes[i][at];
  return to;
}

}  // namespace

template <class T>
TileData<T> TileMemory<T>::gather(const Dataset<T>& data, const std::vector<int>& order, int first,
                                  int end) {
  const int inputs = data.steps() * data.inputs(), targets = data.steps() * data.channels(),
            masks = data.steps() * data.mask_channels();
  const std::size_t size =
      static_cast<std::size_t>(inputs + targets + masks + data.units() + 1) * tile_trials;
  if (memory_.size() < size) memory_ = Buffer<T>(size);
  Source from;
  T* weight = memory_.data();
  for (int i = 0; i < tile_trials; ++i) {
    const int trial = order[static_cast<std::size_t>(std::min(first + i, end - 1))];
    from.tile[i] = trial / tile_trials;
    from.lane[i] = trial % tile_trials;
    weight[i] = T(first + i < end ? 1 : 0);
  }
  T* next = weight + tile_trials;
  const auto rows = [&](int count, const T* packed) -> const T* {
    if (!count) return nullptr;
    const T* here = next;
    next = gather_rows(from, count, packed, next);
    return here;
  };
  TileData<T> tile{};
  tile.inputs = rows(inputs, data.input(0));
  tile.targets = rows(targets, data.target(0));
  tile.mask = rows(masks, data.mask(0));
  tile.mask_channels = data.mask_channels();
  tile.weight = weight;
  tile.initial = rows(data.units(), data.initial(0));
  tile.first_trial = first;
  tile.silent = data.silent();
  return tile;
}

template class TileMemory<float>;
template class TileMemory<double>;

}  // namespace tbrnn
