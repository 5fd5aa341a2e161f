// The trials of a pass: all of a data set as they are, or one batch after the other in the order of an epoch, see equations/noise.hpp.
#pragma once

#include "block_sum.cuh"
#include "equations/noise.hpp"
#include "lane.cuh"

namespace tbrnn::cuda {

// A trial and its word. An epoch shows the trials in ascending order of these.
struct Ticket {
  std::uint64_t word;
  int trial;
  TBRNN_FN bool before(const Ticket& other) const {
    return word < other.word || (word == other.word && trial < other.trial);
  }
};

// By the threads of a block: a bitonic sort of `places` tickets, a power of two; those behind the trials come last.
__device__ TBRNN_CALLED inline void shuffle(std::uint64_t key, long epoch, int trials, int places,
                                            Ticket* tickets) {
  for (int i = dev::thread(); i < places; i += block_threads) {
    const auto word = [&] {
      return shuffle_word(key, static_cast<std::uint32_t>(epoch), static_cast<std::uint32_t>(i));
    };
    tickets[i] = {i < trials ? word() : ~std::uint64_t{0}, i};
  }
  dev::block_barrier();
  for (int run = 2; run <= places; run *= 2)
    for (int apart = run / 2; apart; apart /= 2) {
      for (int i = dev::thread(); i < places; i += block_threads) {
        const int other = i ^ apart;
        if (other < i) continue;
        const Ticket mine = tickets[i], theirs = tickets[other];
        if (theirs.before(mine) != ((i & run) == 0)) continue;
        tickets[i] = theirs;
        tickets[other] = mine;
      }
      dev::block_barrier();
    }
}

template <class T>
struct Shown {
  const Trials<T>& data;
  int steps;
  const Ticket* order;  // null: as they are
  int first, end;       // places in the order
  int noise_shift;
  double mask_sum;

  // A trial that is validated on has noise of its own: that of a trial behind those of the training, `noise_shift`.
  __device__ Shown(const Trials<T>& all, int shift)
      : data(all),
        steps(all.steps),
        order(nullptr),
        first(0),
        end(all.trials),
        noise_shift(shift),
        mask_sum(all.mask_sum) {}
  __device__ Shown(const Trials<T>& all, const Ticket* tickets, long batch, int size)
      : data(all),
        steps(all.steps),
        order(tickets),
        first(static_cast<int>(batch) * size),
        noise_shift(0) {
    end = first + size < all.trials ? first + size : all.trials;
    double sum = 0;
    for (int i = first + dev::thread(); i < end; i += block_threads)
      sum += all.mask_sums[order[i].trial];
    mask_sum = over_block(sum);
  }

  __device__ int trials() const { return end - first; }
  __device__ int tiles() const { return tiles_of(trials()); }
  __device__ int parts() const { return parts_of(trials()); }
  // Places behind the last trial repeat it with weight 0.
  __device__ TBRNN_CALLED Source<T> source(const Shape<T>& shape, int place) const {
    const int at = first + place, last = end - 1;
    Source<T> source(data, shape, order ? order[at < last ? at : last].trial : at,
                     at + noise_shift);
    if (at > last) source.ignore();
    return source;
  }
};

}  // namespace tbrnn::cuda
