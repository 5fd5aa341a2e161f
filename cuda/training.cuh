// The training of every member of a cohort, some epochs per launch: forward, loss, backward, Adam, schedule, stopping rules and the best
// weights, without the host. In full batch the loss after the update of epoch e is the forward pass of epoch e + 1.
#pragma once

#include <type_traits>

#include "bunches.cuh"
#include "member.cuh"
#include "step.cuh"

namespace tbrnn::cuda {

// Where all blocks of a crew take its steps, together or each for itself, or the first alone.
template <class T>
__device__ bool takes_steps(const Crew<T>& crew, const Workers& steppers) {
  return crew.leads() || crew.each_steps() || steppers.blocks > 1;
}

// The mean loss of one pass, in every thread of the blocks that take the steps; a pass that learns leaves the gradient behind.
template <class Model, class T, class S, int lanes>
__device__ double run_pass(const Learner<T>& learner, Pass pass, const Shown<T>& shown,
                           const Scratch<T>& scratch, const Crew<T>& crew) {
  const TrainingTask<T>& task = learner.task;
  const Shape<T>& shape = task.shape;
  const Noise<T> noise = learner.noise();
  const bool learns = pass == Pass::train || pass == Pass::gradient;
  double loss;
  if constexpr (Product<Model>::exists) {
    const auto prepare = [&] {
      if (pass == Pass::train) prepare_step_ahead(Learner<T>(learner));
    };
    loss = run_bunches<Model, T, S, lanes>(learns, shape, learner.parameters, shown, noise, scratch,
                                           crew, prepare);
  } else {
    pack<Model, S>(Workers(), shape, learner.parameters, scratch.orth, scratch.packed);
    dev::block_barrier();
    if (pass == Pass::train && learner.standing) prepare_step_ahead(Learner<T>(learner));
    LaneWeights<T, S> w;
    if constexpr (!S::loads_again) load<T, S, lanes>(shape, scratch.packed, w);
    loss = run_trials<Model, T, S, lanes>(learns, shape, shown, noise, w, scratch, crew);
  }
  if (!takes_steps(crew, learner.workers)) return 0;
  if (learns) {
    const auto unpack_from = [&](const Packed<T>& d) {
      if constexpr (Product<Model>::exists) {
        unpack_channels(learner.workers, shape, d, learner.gradient);
        unpack_product<Model>(learner.workers, shape, learner.parameters, d.product,
                              learner.gradient);
      } else {
        unpack<Model, S>(learner.workers, shape, learner.parameters, d, scratch.of_units,
                         scratch.orth, learner.gradient);
      }
    };
    if (Product<Model>::exists && !crew.alone())
      unpack_from(crew.gradient(0));
    else
      unpack_from(scratch.gradient);
    apply_mask(learner);
    learner.workers.barrier();  // the gradient is written
  }
  return of_first_thread(loss);
}

// Where a launch leaves a member.
struct End {
  long epoch;
  bool rests;  // in the middle of what else would go on

  __device__ bool is_behind(const Progress& at) const {
    return at.running() && (at.epochs < epoch || (!rests && at.pass != Pass::train));
  }
};

template <class T>
__device__ End end_of(const TrainingTask<T>& task, long epochs) {
  const long end = epochs + task.epochs,
             rest = task.rest_every ? (epochs / task.rest_every + 1) * task.rest_every : end + 1;
  return {rest < end ? rest : end, rest <= end};
}

// The next pass, as all threads know it.
struct Next {
  bool follows, whole;
  Pass pass;
  int batch_size;
  long epoch, batch;

  template <class T>
  __device__ Next(const Learner<T>& learner, const End& end)
      : follows(end.is_behind(learner.progress())),
        whole(learner.whole()),
        pass(learner.progress().pass),
        batch_size(static_cast<int>(learner.course().batch)),
        epoch(learner.progress().epochs),
        batch(learner.progress().batch) {}
};

// Its trials.
template <class T>
__device__ Shown<T> shown_to(const Learner<T>& learner, const Next& next, long& shuffled) {
  const Trials<T>& data = learner.data();
  if (next.pass == Pass::validate)
    return {learner.task.data[learner.task.validation_of[learner.member]], data.trials};
  if (next.pass != Pass::train || next.whole) return {data, 0};
  Ticket* tickets = learner.task.tickets +
                    static_cast<std::ptrdiff_t>(dev::block_anew()) * learner.task.most_tickets;
  if (shuffled != next.epoch) {
    shuffled = next.epoch;
    shuffle(learner.course().key, shuffled, data.trials, learner.task.most_tickets, tickets);
  }
  return {data, tickets, next.batch, next.batch_size};
}

// Compute capability, as 75. Compiled for less, a kernel is empty.
template <class Model>
inline constexpr int least_capability =
    Model::recurrence == Recurrence::dense || Model::recurrence == Recurrence::pairs ? 80 : 75;

// Blocks of a kernel that a multiprocessor has registers for, for certain.
template <class Model, class T, int lanes>
constexpr int resident_blocks() {
  if constexpr (Product<Model>::exists)
    return ProductStage<Model, T, lanes>::resident;
  else
    return 1;
}

// With a product stage a block has one trial at a time.
template <class Model, int lanes>
inline constexpr Seats seats =
    Product<Model>::exists ? Seats{1, lanes} : Seats{Group<lanes>::trials, block_threads};

// The members of a crew, one after the other. run(learner, pass, shown): its mean loss, in the threads that take the step.
template <class T, class Run>
__device__ TBRNN_INLINED void train_members(const TrainingTask<T>& task, const Crew<T>& crew,
                                            const Workers& steppers, Standing* standing,
                                            std::type_identity_t<AtHand<T>>* at_hand, Run run) {
  for (int turn = crew.number(); turn < task.turns; turn += task.sharing.crews) {
    const Learner<T> learner(task, steppers, standing, at_hand, task.order[turn]);
    learner.take_up();
    const End end = end_of(task, learner.progress().epochs);
    long shuffled = -1;  // the epoch whose order the tickets are in
    for (;;) {
      const int half = at_hand ? at_hand->half : 0;
      const Next next = of_first_thread(Next(learner, end));
      if (!next.follows) break;
      const Shown<T> shown = shown_to(learner, next, shuffled);
      const bool empty = shown.mask_sum == 0;  // a batch with nothing to compare
      if (at_hand) at_hand->half = half ^ !empty;
      const double loss = empty ? 0 : run(learner, next.pass, shown);
      if (empty && !at_hand) crew.all().barrier();  // every block has seen it
      if (takes_steps(crew, steppers)) {
        if (empty)
          finish_batch(learner);
        else
          finish_pass(Learner<T>(learner), loss);  // a copy, since what has an address is in memory
      }
      if (at_hand)
        dev::block_barrier();
      else
        crew.all().barrier();
    }
    if (crew.leads()) learner.lay_down();
  }
}

template <class Model, class T, class S, int lanes>
__device__ void train(const TrainingTask<T>& task) {
  const auto scratch_of = [&](int block) {
    return Scratch<T>(task.shape, task.steps, seats<Model, lanes>,
                      task.scratch + static_cast<std::size_t>(block) * task.scratch_size);
  };
  Scratch<T> scratch = scratch_of(dev::block());
  AtHand<T>* const at_hand = Product<Model>::exists ? nullptr : AtHand<T>::of(task.shape);
  const Crew<T> crew(task.shape, task.sharing, at_hand ? &at_hand->half : nullptr);
  const auto run = [&](const Learner<T>& learner, Pass pass, const Shown<T>& shown) {
    return run_pass<Model, T, S, lanes>(learner, pass, shown, scratch, crew);
  };
  if constexpr (Product<Model>::exists) {
    scratch.packed = scratch_of(crew.number() * task.sharing.blocks()).packed;
    ProductStage<Model, T, lanes>(task.shape, nullptr).prepare();
    train_members(task, crew, crew.all(), &ProductMemory<Model, T, lanes>::standing(), nullptr,
                  run);
  } else {
    if (at_hand) {
      scratch.packed = Packed<T>::of_weights(task.shape, at_hand->packed);
      scratch.gradient = Packed<T>::of_gradient(task.shape, at_hand->packed_gradient);
      if (dev::thread() == 0) at_hand->half = 0;
    }
    train_members(task, crew, Workers(), at_hand, at_hand, run);
  }
}

template <class Model, class T, class S, int lanes>
__global__ void __launch_bounds__(block_threads, (resident_blocks<Model, T, lanes>()))
    training_kernel(const __grid_constant__ TrainingTask<T> task) {
  if constexpr (dev::compiled_capability >= least_capability<Model>)
    train<Model, T, S, lanes>(task);
}

}  // namespace tbrnn::cuda
