#include "cpu/simulate.hpp"

#include <algorithm>
#include <numeric>

#include "cpu/instruction_set.hpp"
#include "cpu/tile_gradients.hpp"
#include "cpu/work_memory.hpp"

namespace tbrnn {

namespace {

template <class T>
struct PackedCohort {
  Plan<T> plan;
  std::vector<PackedMember<T>> members;
  int tiles;

  PackedCohort(const Cohort<T>& cohort, const Match* match, Loss loss = Loss::squared)
      : plan(cohort.spec, match, cohort.data.front()->steps(), loss),
        tiles(cohort.data.front()->tiles()) {
    Buffer<T> rows(plan.product.rows);
    for (int m = 0; m < cohort.members; ++m) {
      members.emplace_back(plan);
      members.back().pack(cohort.parameters + static_cast<std::size_t>(m) * plan.parameters,
                          rows.data());
    }
  }
  PackedCohort(const PackedCohort&) = delete;
};

// rows [time][width][32] of one tile into (trial, time, width)
template <class T>
void unpack_rows(const T* rows, std::size_t row_step, int width, int steps, int first_trial,
                 int trials, T* to) {
  for (int lane = 0; lane < std::min(tile_trials, trials - first_trial); ++lane) {
    T* at = to + static_cast<std::size_t>(first_trial + lane) * static_cast<std::size_t>(steps) *
                     static_cast<std::size_t>(width);
    for (int t = 0; t < steps; ++t)
      for (int i = 0; i < width; ++i)
        *at++ = rows[static_cast<std::size_t>(t) * row_step +
                     static_cast<std::size_t>(i * tile_trials + lane)];
  }
}

template <class T>
void unpack_activity(const Network<T>& net, const Workspace<T>& work, const T* states,
                     int first_trial, int trials, Activity<T> out) {
  const std::size_t unit_rows = static_cast<std::size_t>(net.units) * tile_trials;
  const auto units = [&](const T* rows, T* to) {
    unpack_rows(rows, unit_rows, net.units, net.steps, first_trial, trials, to);
  };
  if (out.states) units(states, out.states);
  if (out.rates) units(work.carrier + unit_rows, out.rates);
  if (!out.outputs) return;
  const std::size_t channel_rows = static_cast<std::size_t>(net.channels()) * tile_trials;
  if (net.readouts == 0)
    units(net.apart ? work.apart : work.carrier + unit_rows, out.outputs);
  else
    unpack_rows(work.c + channel_rows + net.reductions * tile_trials, channel_rows, net.readouts,
                net.steps, first_trial, trials, out.outputs);
}

}  // namespace

template <class T>
void simulate(const Cohort<T>& cohort, int threads, Activity<T> out, const Stop& stop) {
  const InstructionSet& isa = instruction_set();
  PackedCohort<T> packed(cohort, nullptr);
  const Network<T>& sizes = packed.plan.network;
  const int trials = cohort.data.front()->trials();
  std::vector<WorkMemory<T>> memory(static_cast<std::size_t>(threads));
  std::vector<Buffer<T>> states(memory.size());
  const std::size_t entries =
      static_cast<std::size_t>(trials) * static_cast<std::size_t>(sizes.steps);
  const auto work_on = [&](int thread, int item) {
    const std::size_t member = static_cast<std::size_t>(item / packed.tiles),
                      mine = static_cast<std::size_t>(thread);
    Buffer<T>& rows = states[mine];
    if (out.states && !rows.size())
      rows = Buffer<T>(static_cast<std::size_t>(sizes.steps * sizes.units) * tile_trials);
    const Workspace<T> work =
        memory[mine].fit(packed.plan, packed.plan.network.steps, isa.lane_bytes);
    TileData<T> tile = tile_data(*cohort.data[member], item % packed.tiles);
    tile.targets = nullptr;
    const Network<T> net = packed.members[member].network(cohort.noise[member], 1.0);
    packed.plan.rollout(isa).forward(net, tile, work, out.states ? rows.data() : nullptr);
    const std::size_t units = member * entries * static_cast<std::size_t>(sizes.units);
    const std::size_t outputs = member * entries * static_cast<std::size_t>(cohort.spec.outputs);
    const auto from = [](T* at, std::size_t offset) { return at ? at + offset : nullptr; };
    unpack_activity(
        net, work, rows.data(), tile.first_trial, trials,
        Activity<T>{from(out.states, units), from(out.rates, units), from(out.outputs, outputs)});
  };
  for_each(threads, cohort.members * packed.tiles, work_on, stop);
}

// Of many members a thread takes one whole, the tiles of few are shared; the bits are the same.
template <class T>
void gradient(const Cohort<T>& cohort, Match match, int threads, double* loss, T* gradient,
              Loss kind, const Stop& stop) {
  const InstructionSet& isa = instruction_set();
  PackedCohort<T> packed(cohort, &match, kind);
  const Rollout<T>& run = packed.plan.rollout(isa);
  const bool alone = cohort.members >= threads;
  const int tiles = packed.tiles;
  const std::size_t size = packed.plan.gradient(),
                    numbers = TileGradients<T>::numbers(size, tiles, alone);
  std::vector<WorkMemory<T>> memory(static_cast<std::size_t>(threads));
  std::vector<T> gradients(static_cast<std::size_t>(alone ? threads : cohort.members) * numbers);
  std::vector<double> losses(static_cast<std::size_t>(cohort.members) *
                             static_cast<std::size_t>(tiles));
  const auto of = [&](int place) {
    return TileGradients<T>(gradients.data() + static_cast<std::size_t>(place) * numbers, size,
                            alone);
  };
  const auto finish = [&](int member, const TileGradients<T>& sums) {
    const std::size_t m = static_cast<std::size_t>(member);
    const auto first = losses.begin() + static_cast<std::ptrdiff_t>(member) * tiles;
    loss[m] = std::accumulate(first, first + tiles, 0.0) / cohort.data[m]->mask_sum();
    const std::size_t block = m * packed.plan.parameters;
    packed.members[m].unpack_gradient(cohort.parameters + block, sums.total(tiles),
                                      gradient + block);
  };
  const auto work_on = [&](int thread, int item) {
    const int member = alone ? item : item / tiles, first = alone ? 0 : item % tiles,
              end = alone ? tiles : first + 1;
    const std::size_t m = static_cast<std::size_t>(member);
    const Dataset<T>& data = *cohort.data[m];
    const TileGradients<T> sums = of(alone ? thread : member);
    const Network<T> net = packed.members[m].network(cohort.noise[m], data.mask_sum());
    const Workspace<T> work = memory[static_cast<std::size_t>(thread)].fit(
        packed.plan, packed.plan.network.steps, isa.lane_bytes);
    for (int tile = first; tile < end && !stop; ++tile) {
      const TileData<T> rows = tile_data(data, tile);
      run.forward(net, rows, work, nullptr);
      losses[m * static_cast<std::size_t>(tiles) + static_cast<std::size_t>(tile)] =
          run.backward(net, rows, work, sums.of(tile));
      sums.done(tile);
    }
    if (alone) finish(member, sums);
  };
  for_each(threads, alone ? cohort.members : cohort.members * tiles, work_on, stop);
  for (int member = 0; !alone && member < cohort.members; ++member) finish(member, of(member));
}

template void simulate(const Cohort<float>&, int, Activity<float>, const Stop&);
template void simulate(const Cohort<double>&, int, Activity<double>, const Stop&);
template void gradient(const Cohort<float>&, Match, int, double*, float*, Loss, const Stop&);
template void gradient(const Cohort<double>&, Match, int, double*, double*, Loss, const Stop&);

}  // namespace tbrnn
