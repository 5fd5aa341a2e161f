// The training of every member of a cohort by a team of blocks each. As training.cuh, whose rules it shares; those run in the team's
// first block.
#pragma once

#include "packing.cuh"
#include "team_gradient.cuh"
#include "training.cuh"

namespace tbrnn::cuda {

// The loss of a tile in thread 0 of the first block.
template <class Model, class T>
__device__ double loss_of_tile(const Team<Model, T>& team, Number<T> of_readouts) {
  if (team.shape.readouts == 0) dev::cluster_barrier();  // the losses of the units are written
  if (warp() == 0) {
    for (int n = 0; team.shape.readouts == 0 && n < team.shape.units; ++n)
      of_readouts = of_readouts + Number<T>(*row_at(team.history.unit_loss, n));
    *row_at(team.memory.loss, 0) = of_readouts.v;
  }
  dev::block_barrier();
  double sum = 0;
  for (int trial = 0; dev::thread() == 0 && trial < tile_trials; ++trial)
    sum += static_cast<double>(team.memory.loss[trial]);
  return sum;
}

// The mean loss of a member, in thread 0 of the first block; with `learns` the gradient of the packed weights too.
template <class Model, class T>
__device__ double run_tiles(bool learns, const Shape<T>& shape, const Shown<T>& shown,
                            const Noise<T>& noise, const TeamScratch<T>& scratch) {
  const T twice = static_cast<T>(2.0 / shown.mask_sum);
  const int steps = shown.steps;
  double loss = 0;
  for (int tile = 0; tile < shown.tiles(); ++tile) {
    const Source<T> trial = shown.source(shape, tile * tile_trials + lane());
    const Team<Model, T> team(shape, noise, trial, scratch);
    team_forward(team, steps);
    const Number<T> of_readouts =
        learns ? team_backward(team, steps, twice) : team_loss(team, steps);
    if (learns) add_team_gradient(team, steps, tile == 0, scratch.gradient);
    loss += loss_of_tile(team, of_readouts);
    dev::cluster_barrier();  // all that the next tile writes has been read
  }
  return loss / shown.mask_sum;
}

// The mean loss of one pass, in every thread of the first block; a pass that learns leaves the gradient behind.
template <class Model, class T>
__device__ double run_team_pass(const Learner<T>& learner, const Shown<T>& shown,
                                const TeamScratch<T>& scratch) {
  const TrainingTask<T>& task = learner.task;
  const Shape<T>& shape = task.shape;
  const Pass pass = learner.progress().pass;
  const bool learns = pass == Pass::train || pass == Pass::gradient;
  const Noise<T> noise = learner.noise();
  pack<Model>(shape, learner.parameters, scratch.orth, scratch.packed);
  dev::cluster_barrier();
  const double loss = run_tiles<Model>(learns, shape, shown, noise, scratch);
  if (learns) {
    unpack<Model>(shape, learner.parameters, scratch.gradient, scratch.of_units, scratch.orth,
                  learner.gradient);
    dev::cluster_barrier();  // the gradient is written
    if (task.mask)
      for (int i = dev::team_thread(); i < shape.parameters; i += dev::team_threads())
        learner.gradient[i] *= task.mask[i];
    dev::cluster_barrier();
  }
  double* of_block = dev::shared_memory<double>();
  if (dev::thread() == 0) *of_block = loss;
  dev::block_barrier();
  const double everywhere = *of_block;
  dev::block_barrier();
  return everywhere;
}

template <class Model, class T>
__device__ void train_in_team(const TrainingTask<T>& task) {
  const int blocks = dev::cluster_size(), team = dev::block() / blocks,
            teams = dev::blocks() / blocks;
  const TeamScratch<T> scratch(task.shape, task.steps,
                               task.scratch + static_cast<std::size_t>(team) * task.scratch_size);
  bool* flag = TeamMemory<T>(task.shape).flag;
  Ticket* tickets = task.tickets + static_cast<std::ptrdiff_t>(dev::block()) * task.most_tickets;
  for (int turn = team; turn < task.turns; turn += teams) {
    const Learner<T> learner(task, task.order[turn]);
    const Progress& progress = learner.progress();
    const End end = of_first_thread(end_of(task, progress.epochs));
    long shuffled = -1;  // the epoch whose order the tickets are in
    dev::cluster_barrier();
    while (progress.running() &&
           (progress.epochs < end.epoch || (!end.rests && progress.pass != Pass::train))) {
      const Shown<T> shown = shown_to(learner, tickets, shuffled);
      dev::cluster_barrier();                  // every block has seen how far the member is
      const bool empty = shown.mask_sum == 0;  // a batch with nothing to compare
      const double loss = empty ? 0 : run_team_pass<Model>(learner, shown, scratch);
      if (dev::cluster_rank() == 0) {
        if (empty)
          finish_batch(learner);
        else
          finish_pass(learner, loss, flag);
      }
      dev::cluster_barrier();
    }
  }
}

template <class Model, class T>
__global__ void __launch_bounds__(block_threads, 1)
    team_training_kernel(const __grid_constant__ TrainingTask<T> task) {
  if constexpr (dev::compiled_capability >= least_capability<Model>) train_in_team<Model, T>(task);
}

}  // namespace tbrnn::cuda
