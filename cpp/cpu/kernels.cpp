// Compiled once for each instruction set.
#include "cpu/kernels.hpp"

#include <array>
#include <tuple>

#include "cpu/loop.hpp"
#include "cpu/losses.hpp"
#include "cpu/noise_rows.hpp"
#include "equations/models.hpp"

namespace tbrnn {

inline namespace TBRNN_ISA {

namespace {

double fma_operations(long repeats) {
  constexpr int chains = 12;
  Pack<float, chains> sum(1.0f), factor(0.999f), term(1e-3f);
  in_registers(sum);
  for (long i = 0; i < repeats; ++i) sum = fma(sum, factor, term);
  volatile float keep = 0;
  unroll<chains>([&](auto i) TBRNN_INLINED { keep = keep + sum.v[i][0]; });
  (void)keep;
  return 2.0 * Pack<float, chains>::lanes * static_cast<double>(repeats);
}

void normals(std::uint32_t seed, std::uint32_t member, std::uint32_t epoch, std::uint32_t step,
             int first_trial, int units, float* rows_float, double* rows_double) {
  const NoiseKey key{seed, member, epoch, step};
  if (rows_float) noise_rows(key, first_trial, units, rows_float);
  if (rows_double) noise_rows(key, first_trial, units, rows_double);
}

// Models without channels share the time loop of the first of their recurrence.
template <class Model, Recurrence = Model::recurrence>
struct Looped {
  using Type = Model;
};
template <class Model>
struct Looped<Model, Recurrence::dense> {
  using Type = std::tuple_element_t<0, DenseModels>;
};
template <class Model>
struct Looped<Model, Recurrence::pairs> {
  using Type = std::tuple_element_t<0, PairModels>;
};

template <class Model, class T>
constexpr Rollout<T> rollout_of() {
  using Of = Loop<typename Looped<Model>::Type, typename ProductOf<Model::recurrence>::Type, T>;
  return {&Of::forward, &loss<T>, &Of::backward};
}

template <class Model, class T>
constexpr Rollout<T> bulk_rollout_of() {
  if constexpr (Model::recurrence == Recurrence::channel) {
    using Of = Loop<Model, Dense, T>;
    return {&Of::forward, &loss<T>, &Of::backward};
  } else {
    return {};
  }
}

template <class T, class... Model>
constexpr std::array<Rollout<T>, sizeof...(Model)> rollouts(std::tuple<Model...>) {
  return {{rollout_of<Model, T>()...}};
}

template <class T, class... Model>
constexpr std::array<Rollout<T>, sizeof...(Model)> bulk_rollouts(std::tuple<Model...>) {
  return {{bulk_rollout_of<Model, T>()...}};
}

constexpr auto rollouts_float = rollouts<float>(Models{});
constexpr auto rollouts_double = rollouts<double>(Models{});
constexpr auto bulk_float = bulk_rollouts<float>(Models{});
constexpr auto bulk_double = bulk_rollouts<double>(Models{});

#define TBRNN_TEXT(name) #name
#define TBRNN_NAME(name) TBRNN_TEXT(name)
#define TBRNN_JOIN(isa, what) isa##what
#define TBRNN_KERNELS(isa) TBRNN_JOIN(isa, _kernels)

constexpr InstructionSet kernels{
    TBRNN_NAME(TBRNN_ISA), rollouts_float.data(), rollouts_double.data(), bulk_float.data(),
    bulk_double.data(),    vector_bytes,          &fma_operations,        &normals};

}  // namespace

}  // namespace TBRNN_ISA

const InstructionSet& TBRNN_KERNELS(TBRNN_ISA)() { return kernels; }

}  // namespace tbrnn
