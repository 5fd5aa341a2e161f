// The kernels that are compiled. Included by the sources that kernels.cmake makes, one for each model and number type.
#pragma once

#include <tuple>

#include "choose.cuh"
#include "cluster_training.cuh"

namespace tbrnn::cuda {

// Up to three inputs, and ranks 1 to 3 with up to three outputs or ranks 1 to 6, those of LINT, with the loss on the rates: all weights
// stay in registers.
template <class Model>
struct Compiled {
  using Sizes = std::tuple<>;  // of models that have none of these
};

template <>
struct Compiled<LowRankRNN> {
  using M = LowRankRNN;
  using Sizes = std::tuple<Known<M, 1, 0, 3, 3>, Known<M, 2, 0, 3, 3>, Known<M, 3, 0, 3, 3>,
                           Known<M, 1, 0, 3, 0>, Known<M, 2, 0, 3, 0>, Known<M, 3, 0, 3, 0>,
                           Known<M, 4, 0, 3, 0>, Known<M, 5, 0, 3, 0>, Known<M, 6, 0, 3, 0>>;
};

template <>
struct Compiled<LowRankTBRNN> {
  using M = LowRankTBRNN;
  using Sizes = std::tuple<Known<M, 0, 1, 3, 3>, Known<M, 0, 2, 3, 3>, Known<M, 0, 3, 3, 3>,
                           Known<M, 0, 1, 3, 0>, Known<M, 0, 2, 3, 0>, Known<M, 0, 3, 3, 0>,
                           Known<M, 0, 4, 3, 0>, Known<M, 0, 5, 3, 0>, Known<M, 0, 6, 3, 0>>;
};

template <>
struct Compiled<LowRankHORNN> {
  using M = LowRankHORNN;
  using Sizes = std::tuple<Known<M, 1, 1, 3, 3>, Known<M, 2, 2, 3, 3>, Known<M, 1, 1, 3, 0>,
                           Known<M, 2, 2, 3, 0>>;
};

template <>
struct Compiled<LowRankGRU> {  // three times the drives: fewer of them fit
  using M = LowRankGRU;
  using Sizes = std::tuple<Known<M, 1, 0, 2, 2>, Known<M, 2, 0, 1, 1>, Known<M, 1, 0, 2, 0>,
                           Known<M, 2, 0, 1, 0>>;
};

// Of a trial that a block works on alone. All blocks of a team share the weights of pairs, which are many.
template <class Model>
inline constexpr int most_units = Product<Model>::pairs ? 64 : 128;

// Where the registers leave room for one block on a multiprocessor, it takes all shared memory, for the channels of a tile; the rest
// needs the cache. With a product stage it has the weights that threads do not hold, where they fit.
template <class Model, class T, class S, int lanes>
Kernel<T> kernel(const Shape<T>& shape, const char* name) {
  Kernel<T> k{.name = name,
              .entry = &training_kernel<Model, T, S, lanes>,
              .seats = seats<Model, lanes>,
              .capability = least_capability<Model>};
  if constexpr (Product<Model>::exists) {
    using Stage = ProductStage<Model, T, lanes>;
    const bool inside =
        !Stage::holds_all(shape) && Stage::bytes(shape, true) <= dev::most_shared_bytes();
    k.shared_bytes = Stage::bytes(shape, inside);
    k.resident = inside ? 1 : Stage::resident;
    k.parts = Bunches::at_most;
  } else {
    if constexpr (S::asks_ahead)
      static_assert(bytes_before_channels<T, S> < 64 * 1024, "which a block can have anywhere");
    k.shared_bytes = S::asks_ahead ? dev::most_shared_bytes() : bytes_at_hand<T>;
    k.parts = parts_of;
    k.halves = 2;
  }
  return k;
}

// Groups of as many lanes as a trial of that many units needs; the kernels of float64 are few, since they are long to compile.
template <class Model, class T, class S>
Kernel<T> of_units(const Shape<T>& shape, const char* name) {
  constexpr int least = Product<Model>::exists && sizeof(T) == 8 ? 16 : 8;
  if (shape.units <= 4 * least) return kernel<Model, T, S, least>(shape, name);
  if (shape.units <= 64) return kernel<Model, T, S, 16>(shape, name);
  return kernel < Model, T, S, most_units<Model> <= 64 ? 16 : 32 > (shape, name);
}

template <class Model, class T>
Kernel<T> choose_product(const Shape<T>& shape) {
  constexpr bool gated = has_gates(Model::recurrence);
  const char* name = gated                   ? "gated dense, in one block"
                     : Product<Model>::dense ? "dense, in one block"
                                             : "polynomial, in one block";
  if constexpr (!gated && sizeof(T) == 4)
    if (TanhRates::covers(shape)) return of_units<Model, T, TanhRates>(shape, name);
  return of_units<Model, T, AnyUnits>(shape, name);
}

template <class Model, class T>
Kernel<T> choose_channel(const Shape<T>& shape) {
  constexpr bool gated = has_gates(Model::recurrence);
  if constexpr (sizeof(T) == 4)
    if (shape.units <= 32) {
      Kernel<T> found;
      const auto consider = [&]<class S>(S) {
        if (!found.name && S::covers(shape))
          found = kernel<Model, T, S, 8>(shape,
                                         gated ? "gated, in registers" : "channel, in registers");
      };
      std::apply([&](auto... sizes) { (consider(sizes), ...); }, typename Compiled<Model>::Sizes{});
      if (found.name) return found;
    }
  return of_units<Model, T, Loose<Model>>(
      shape, gated ? "gated, in local memory" : "channel, in local memory");
}

template <class Model, class T>
Kernel<T> in_teams(const Shape<T>& shape) {
  const char* name = shape.bulk                     ? "bulk and channels, in a team of blocks"
                     : has_late<Model>              ? "gated, in a team of blocks"
                     : has_gates(Model::recurrence) ? "gated dense, in a team of blocks"
                     : Product<Model>::dense        ? "dense, in a team of blocks"
                     : Product<Model>::pairs        ? "polynomial, in a team of blocks"
                                                    : "channel, in a team of blocks";
  auto* entry = &team_training_kernel<Model, T>;
  if constexpr (may_split<T> && Product<Model>::pairs)
    if (shape.split) entry = &team_training_kernel<SplitPairs<Model>, T>;
  return {.name = name,
          .entry = entry,
          .panels = whole_panels(shape.units) / panel_units,
          .shared_bytes = team_bytes<Model, T>(shape),
          .capability = shape.bulk ? 80 : least_capability<Model>,
          .parts = tiles_of,
          .splits = may_split<T> && contracts_in_squares<Model>};
}

// Where clusters serve those networks of a model that have a matrix.
template <class Model, class T>
inline constexpr bool for_clusters = sizeof(T) == 4 && !has_gates(Model::recurrence) &&
                                     !Product<Model>::pairs;

// With a name where the device runs clusters of as many blocks as the units need.
template <class Model, class T, class W>
Kernel<T> in_clusters(const Shape<T>& shape) {
  Kernel<T> k{.name = shape.bulk ? "bulk and channels, in a cluster of blocks"
                                 : "dense, in a cluster of blocks",
              .entry = &cluster_training_kernel<Model, T, W>,
              .panels = W::groups,
              .fine_panels = fine_groups<W>(shape),
              .shared_bytes = cluster_bytes<Model, T, W>(shape),
              .capability = clusters_capability,
              .parts = tiles_of,
              .splits = contracts_in_squares<Model>};
  for (k.cluster = 1; k.cluster * W::block_units < shape.units;) k.cluster *= 2;
  const bool runs = k.cluster <= most_cluster && !k.refused(shape) &&
                    dev::active_clusters(k.entry, k.cluster, block_threads, k.shared_bytes) > 0;
  return runs ? k : Kernel<T>{};
}

// Clusters where there are any, else teams.
template <class Model, class T>
Kernel<T> of_many_blocks(const Shape<T>& shape) {
  if constexpr (for_clusters<Model, T>)
    if (shape.bulk || Product<Model>::dense) {
      const Kernel<T> found = shape.units <= 256   ? in_clusters<Model, T, Weave<2, 256>>(shape)
                              : shape.units <= 512 ? in_clusters<Model, T, Weave<1, 512>>(shape)
                                                   : in_clusters<Model, T, Weave<1, 1024>>(shape);
      if (found.name) return found;
    }
  return in_teams<Model>(shape);
}

template <class Model, class T>
Kernel<T> kernel_for(const Shape<T>& shape) {
  if (shape.bulk || shape.units > most_units<Model> || !Loose<Model>::covers(shape))
    return of_many_blocks<Model>(shape);
  if constexpr (Product<Model>::exists)
    return choose_product<Model>(shape);
  else
    return choose_channel<Model>(shape);
}

}  // namespace tbrnn::cuda
