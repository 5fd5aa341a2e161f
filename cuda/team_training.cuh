// The training of every member of a cohort by a crew of teams. As training.cuh, whose rules it shares; those run in all of the crew's
// blocks.
#pragma once

#include "team_gradient.cuh"
#include "training.cuh"

namespace tbrnn::cuda {

// to: weight(unit, j, k) of all panels, and of the linear part weight(unit, j)
template <class T, class OfPair, class OfNeighbour>
__device__ void pack_panels(const Workers& all, const PairPanels& at, T* to, OfPair of_pair,
                            OfNeighbour of_neighbour) {
  const int panels = at.panels(), pair_rows = at.pair_rows(0), rows = pair_rows + at.linear,
            units = at.units;
  for (int item = all.thread(); item < panels * panels * rows * PairPanels::row;
       item += all.threads()) {
    const int entry = item % PairPanels::row, k = item / PairPanels::row % rows,
              panel = item / (PairPanels::row * rows), first_unit = panel / panels * panel_units,
              first_j = panel % panels * panel_units, of_unit = entry / lane_units % panel_units,
              unit = first_unit + of_unit,
              of_j = entry / (panel_units * lane_units) * lane_units + entry % lane_units,
              j = first_j + of_j, row = k - at.first(first_j);
    if (row < 0) continue;
    const bool exists = unit < units && j < units && (k < units || k == pair_rows);
    const int place =
        k == pair_rows ? row * PairPanels::row + entry : at.in_rows(row, of_unit, of_j);
    T& weight = to[at.place(first_unit, first_j) + static_cast<std::size_t>(place)];
    weight = !exists ? T(0) : k == pair_rows ? of_neighbour(unit, j) : of_pair(unit, j, k);
  }
}

// The weights of pairs in the order in which the passes read them.
template <class Model, class T>
__device__ void pack_pairs(const Workers& all, const Shape<T>& shape, const Packed<T>& packed) {
  const int columns = shape.columns();
  const PairRows rows{shape.units, false};
  const TeamProduct<Model, T> product(shape, packed);
  const auto S = [&](int row, int i) { return packed.product[row * columns + i]; };
  pack_panels(
      all, product.drives(), product.weights,
      [&](int i, int j, int k) { return j <= k ? S(rows.row(j, k), i) : T(0); },
      [&](int i, int j) { return S(rows.pairs() + j, i); });
  pack_panels(
      all, product.adjoints(), product.pulls,
      [&](int k, int j, int i) {
        const T S_jk = S(j < k ? rows.row(j, k) : rows.row(k, j), i);
        return j == k ? S_jk + S_jk : S_jk;
      },
      [&](int k, int i) { return S(rows.pairs() + k, i); });
}

// The loss of a tile in thread 0 of the team's first block; each warp adds every eighth row.
template <class Model, class T>
__device__ double loss_of_tile(const Team<Model, T>& team, int steps) {
  const int rows = team.shape.readouts ? steps : team.shape.units;
  Number<T> of_warp(T(0));
  TBRNN_UNROLL_TIMES(8)
  for (int n = warp(); n < rows; n += warps)
    of_warp = of_warp + Number<T>(*row_at(team.history.losses, n));
  T* partial = team.memory.partial;
  *row_at(partial, warp()) = of_warp.v;
  dev::block_barrier();
  double sum = 0;
  for (int i = 0; dev::thread() == 0 && i < warps * tile_trials; ++i)
    sum += static_cast<double>(partial[i]);
  return sum;
}

// The passes over a tile, and what it adds to the gradient. A way to make them is a type with the same functions.
struct InTeams {
  template <class Model, class T>
  __device__ static void forward(const Team<Model, T>& team, const Shown<T>& shown, int, T twice) {
    team_forward(team, shown.steps);
    team_readout_errors(team, shown.steps, twice);
  }
  template <class Model, class T>
  __device__ static void backward(const Team<Model, T>& team, const Shown<T>& shown, int, T twice) {
    team_backward(team, shown.steps, twice);
  }
  template <class Model, class T>
  __device__ static void add_gradient(const Team<Model, T>& team, int steps, bool first,
                                      const Packed<T>& d) {
    add_team_gradient(team, steps, first, d);
  }
};

// The loss, and with `learns` the gradient, of a tile.
template <class Way, class Model, class T>
__device__ TBRNN_INLINED void run_team_tile(bool learns, const Team<Model, T>& team,
                                            const Shown<T>& shown, int tile, const Crew<T>& crew,
                                            const TeamScratch<T>& scratch) {
  const int steps = shown.steps;
  const T twice = static_cast<T>(2.0 / shown.mask_sum);
  Way::forward(team, shown, tile, twice);
  if (learns) {
    Way::backward(team, shown, tile, twice);
    Way::add_gradient(team, steps, !crew.alone() || tile == 0,
                      crew.alone() ? scratch.gradient : crew.gradient(tile));
  } else {
    team_unit_losses(team, steps);
  }
  team.workers.barrier();  // the losses are written
  if (team.workers.rank == 0) {
    const double loss = loss_of_tile(team, steps);
    if (dev::thread() == 0) crew.loss(tile) = loss;
  }
  team.workers.barrier();  // all that the next tile writes has been read
}

// The mean loss of one pass, in every thread; a pass that learns leaves the gradient behind.
template <class Way, class Model, class T>
__device__ TBRNN_INLINED double run_team_pass(const Shape<T>& shape, const Learner<T>& learner,
                                              Pass pass, const Shown<T>& shown,
                                              const TeamScratch<T>& scratch, const Crew<T>& crew) {
  const bool learns = same_in_warp(pass == Pass::train || pass == Pass::gradient);
  const Noise<T> noise = learner.noise();
  pack<Model>(crew.all(), shape, learner.parameters, scratch.packing, scratch.packed);
  crew.all().barrier();
  if constexpr (Product<Model>::pairs) {
    pack_pairs<Model>(crew.all(), shape, scratch.packed);
    crew.all().barrier();
  }
  const Workers of_team = crew.of_team();
  const int tiles = same_in_warp(shown.tiles()), teams = same_in_warp(crew.teams());
  for (int tile = same_in_warp(crew.team()); tile < tiles; tile += teams) {
    const Source<T> trial = shown.source(shape, tile * tile_trials + lane());
    const Team<Model, T> team(shape, noise, trial, of_team, scratch);
    run_team_tile<Way>(learns, team, shown, tile, crew, scratch);
  }
  crew.all().barrier();  // every tile is done
  if (learns) {
    if (!crew.alone()) crew.sum_gradients(shown.tiles(), crew.all(), scratch.gradient.product);
    unpack<Model>(crew.all(), shape, learner.parameters, scratch.gradient, scratch.of_units,
                  scratch.packing, learner.gradient);
    apply_mask(learner);
    crew.all().barrier();  // the gradient is written
  }
  return crew.sum_of_losses(shown.tiles()) / shown.mask_sum;
}

// What the members of a crew have in common. Within the kernel, where the sizes are constants of the launch.
template <class Way, class Model, class T>
struct TeamPass {
  const TrainingTask<T>& task;
  const TeamScratch<T>& scratch;
  const Crew<T>& crew;
  __device__ TBRNN_INLINED double operator()(const Learner<T>& learner, Pass pass,
                                             const Shown<T>& shown) const {
    return run_team_pass<Way, Model>(task.shape, learner, pass, shown, scratch, crew);
  }
};

template <class Way, class Model, class T>
__device__ TBRNN_INLINED void train_in_teams(const TrainingTask<T>& task) {
  const Crew<T> crew(task.shape, task.sharing);
  T* of_crew =
      task.scratch + static_cast<std::size_t>(crew.number() * crew.teams()) * task.scratch_size;
  const TeamScratch<T> scratch(task.shape, task.steps, of_crew,
                               of_crew + static_cast<std::size_t>(crew.team()) * task.scratch_size);
  train_members(task, crew, crew.all(), nullptr, nullptr,
                TeamPass<Way, Model, T>{task, scratch, crew});
}

template <class Model, class T>
__global__ void __launch_bounds__(block_threads, 1)
    team_training_kernel(const __grid_constant__ TrainingTask<T> task) {
  if constexpr (dev::compiled_capability >= least_capability<Model>)
    train_in_teams<InTeams, Model>(task);
}

template <class Model, class T>
std::size_t team_bytes(const Shape<T>& shape) {
  return std::max(TeamMemory<T>::bytes(shape, partial_rows<Model, T>),
                  contracts_in_squares<Model> ? SquareSums<T>::bytes() : 0);
}

}  // namespace tbrnn::cuda
