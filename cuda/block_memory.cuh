// The shared memory of a block that works on tiles of trials: the sums over its warps (reduce.cuh), what it has at hand of its member, and
// behind that what is on its way to the time loop (ring.cuh) and, where there is room, the channels of a tile (lane.cuh).
#pragma once

#include "course.hpp"
#include "dev.cuh"
#include "equations/adam.hpp"
#include "views.cuh"

namespace tbrnn::cuda {

inline constexpr int most_partial = 512;  // sums of a warp that are summed over the warps at a time

// Of the sums of a tile's gradient and losses; in whole quads.
template <class T>
inline constexpr std::size_t bytes_of_tile =
    sizeof(T) * static_cast<std::size_t>(warps* most_partial + tile_trials) + sizeof(Quad<T>);

struct NextStep {  // of AdamW, whatever the gradient
  double lr;
  AdamStep of_field[most_fields];
};

// Where a member stands, in each of the blocks that take its steps; all of them reckon the same. Global memory is far, and between two passes
// each thing waits for the one before.
struct alignas(16) Standing {
  Course course;
  Progress progress;
  long steps_taken[most_fields];
  NextStep next;
};

// A small member. Each of the blocks that share it takes its steps here, all the same.
template <class T>
struct alignas(16) AtHand : Standing {
  static constexpr int most = 4096 / sizeof(T);  // numbers of an array

  int half;  // see sharing.cuh
  alignas(16) T parameters[most];
  T gradient[most], m[most], v[most];
  T packed[most], packed_gradient[most];

  // Null for a member that is too large.
  __device__ static AtHand* of(const Shape<T>& shape) {
    const bool fits =
        shape.parameters <= most && Packed<T>::size(shape) <= static_cast<std::size_t>(most);
    return fits ? reinterpret_cast<AtHand*>(dev::shared_memory<unsigned char>() + bytes_of_tile<T>)
                : nullptr;
  }
};

template <class T>
inline constexpr std::size_t bytes_at_hand = bytes_of_tile<T> + sizeof(AtHand<T>);

inline constexpr int ring_slots = 4;  // see ring.cuh
template <class T, class S>
inline constexpr std::size_t bytes_before_channels =
    bytes_at_hand<T> +
    (S::has_ring ? ring_slots * (block_threads + tile_trials) * sizeof(Quad<T>) : 0);

}  // namespace tbrnn::cuda
