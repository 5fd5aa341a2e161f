// Networks with a matrix of up to 1024 units, in clusters of blocks. A cluster keeps the matrix in its registers, and in its shared memory what
// has no place there, and works on groups of four trials, or three, from the first step to the last. The lanes of a warp form one or two bands;
// a band has the rows of 8 units, a lane some columns of these. What the units send, r or e, each block has of all units in its shared memory,
// twice: a step reads one and writes the other in all blocks of the cluster. A block goes on when all that it reads has come. What it then
// writes over nobody reads any more, since every warp sends its part after it has read; so all warps send, those without units too.
#pragma once

#include "cluster_memory.cuh"

namespace tbrnn::cuda {

// That share a tile.
template <class Model, class T>
__device__ int clusters_of(const Team<Model, T>& team) {
  return same_in_warp(team.workers.blocks / dev::cluster_size());
}

// What a lane needs at every step of the trials that its cluster works on at a time.
template <class Model, class T, class W>
struct Cluster {
  using V = Number<T>;

  const Team<Model, T>& team;
  const Shape<T>& shape;
  const typename W::Options::template Of<T> options;
  const Noise<T> noise;  // copies, since what functions are called with is in memory
  const TeamHistory<T> history;
  const ClusterMemory<T, W> memory;
  const int unit;  // of the lane
  const int blocks = dev::kept(dev::cluster_size());
  const std::ptrdiff_t step;  // from one to the next in rows [time][unit][32]
  int first_group = 0, groups = 0;

  __device__ explicit Cluster(const Team<Model, T>& t)
      : team(t),
        shape(t.shape),
        options{t.shape},
        noise(t.noise),
        history(t.history),
        memory(t.shape, has_channels<Model>, dev::shared_memory<T>()),
        unit(dev::cluster_rank() * W::block_units + warp() * W::warp_units + W::row()),
        step(static_cast<std::ptrdiff_t>(t.shape.units) * tile_trials) {}

  // Of the tile's trials those that the cluster works on.
  __device__ int first_trial() const { return first_group * W::group_trials; }
  __device__ int trials() const {
    const int of_groups = groups * W::group_trials, left = tile_trials - first_trial();
    return of_groups < left ? of_groups : left;
  }
  // The lane's first trial of a group among these; whether there is one, and the unit.
  __device__ int place(int group) const { return group * W::group_trials + W::trial(); }
  __device__ bool exists(int group) const {
    return unit < shape.units && (W::group_trials == lane_units ||
                                  (W::trial() < W::group_trials && place(group) < trials()));
  }
  // The lane's entries of rows [unit][32]: where they are, and those of a group.
  __device__ T* own(T* rows) const { return rows_from(rows, unit) + first_trial() + place(0); }
  __device__ static Own<T, W>& of_group(T* own, int group) {
    return *reinterpret_cast<Own<T, W>*>(own + group * W::group_trials);
  }
  __device__ Own<T, W>& at(T* rows, int group) const { return of_group(own(rows), group); }
  // What the block has of its unit: [unit of the block][stride]
  __device__ const T* of_unit(int stride) const {
    return memory.units + (warp() * W::warp_units + W::row()) * stride;
  }

  // A block that is all of its cluster has nobody to send to.
  __device__ bool alone() const { return blocks == 1; }
  // The unit's numbers of a turn to all blocks of the cluster: first to each lane of the unit, then from each to some blocks.
  __device__ void send(int turn, int group, const Own<T, W>& value) const {
    Quad<T> four;
    TBRNN_UNROLL
    for (int q = 0; q < lane_units; ++q)
      four.v[q] =
          dev::shuffle_among<W::unit_lanes>(all_lanes, value.v[q % W::numbers], q / W::numbers);
    if (alone()) {
      if (lane() % W::unit_lanes == 0) memory.sent_at(turn, group)[unit] = four;
      return;
    }
    TBRNN_UNROLL
    for (int i = 0; i < W::lane_blocks; ++i) {
      const int block = lane() % W::unit_lanes + i * W::unit_lanes;
      if (block < blocks)
        dev::send(four, memory.sent_at(turn, group) + unit, memory.arrivals + parity(turn), block);
    }
  }
  // A turn is not over before it is said how much it is. What comes before that is counted below 0.
  __device__ void expect(int turn) const {
    const int numbers = blocks * W::block_units * groups * lane_units;
    if (dev::thread() == 0 && !alone())
      dev::expect(memory.arrivals + parity(turn), numbers * static_cast<int>(sizeof(T)));
  }
  // All that is sent in a turn.
  __device__ void receive(int turn) const {
    if (alone()) return dev::block_barrier();
    dev::wait_for(memory.arrivals + parity(turn), turn >> 1);
  }
  // When nobody uses the memory for something else.
  __device__ void begin_turns() const {
    for (int i = dev::thread(); i < 2 * ClusterMemory<T, W>::of_turn; i += block_threads)
      memory.sent[i] = {};
    for (int turn = 0; turn < 2; ++turn) {
      if (dev::thread() == 0) dev::begin(memory.arrivals + turn);
      expect(turn);
    }
    dev::cluster_arrive();
    dev::cluster_wait();
  }
  __device__ void end_turns() const {
    dev::block_barrier();
    for (int turn = 0; turn < 2; ++turn)
      if (dev::thread() == 0) dev::end(memory.arrivals + turn);
    dev::block_barrier();  // the memory may be written again
  }
};

}  // namespace tbrnn::cuda
