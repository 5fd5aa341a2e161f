// Large networks, and those with a fixed matrix. A team of blocks works on the 32 trials of a tile at once: a lane of a warp is a trial,
// everything lies in rows [32], and each block owns some of the units. So a weight that is read serves 32 trials, and the number of units
// has no limit. Rows that all blocks read pass through the L2 cache, with one barrier of the team for each step.
//
// No sum depends on how many blocks there are: it has the same slices everywhere, which are added in order.
#pragma once

#include "sharing.cuh"
#include "squares.cuh"

namespace tbrnn::cuda {

__device__ inline int warp() { return dev::thread() / 32; }
__device__ inline int lane() { return dev::thread() % 32; }

// Rows [..][32] from row n on, and row n at the trial of the lane.
template <class T>
__device__ T* rows_from(T* rows, int n) {
  return rows + static_cast<std::ptrdiff_t>(n) * tile_trials;
}
template <class T>
__device__ T* row_at(T* rows, int n) {
  return rows_from(rows, n) + lane();
}

// The units of a block: whole panels of them.
struct OwnUnits {
  int begin, end;

  __device__ OwnUnits(int units, const Workers& team) {
    const int panel = panel_units, panels = whole_panels(units) / panel;
    begin = panels * team.rank / team.blocks * panel;
    end = panels * (team.rank + 1) / team.blocks * panel;
    if (end > units) end = units;
  }
  // use(unit): those of the warp
  template <class Use>
  __device__ void each(Use use) const {
    for (int n = begin + warp(); n < end; n += warps) use(n);
  }
};

inline constexpr int slices = 32;  // of the rows of a product; see team_product.cuh

// Shared memory of a block.
template <class T>
struct TeamMemory {
  T* partial;  // [rows][32]: [slice][row of a panel], of each warp 32 rows of 33 numbers, or PairMemory
  T* channels;  // [channels][32]: c, or its adjoint
  T* drives;    // [drives + inputs][32]: s, or the adjoint of its first rows

  static constexpr int least_rows = slices * panel_units + warps;
  static std::size_t bytes(const Shape<T>& shape, int rows) {
    rows += shape.channels() + shape.driven();
    return sizeof(T) * static_cast<std::size_t>(rows * tile_trials);
  }
  __device__ TeamMemory(const Shape<T>& shape, int rows)
      : partial(dev::shared_memory<T>()),
        channels(partial + rows * tile_trials),
        drives(channels + shape.channels() * tile_trials) {}
};

// What the backward pass reads of the forward pass, and what the gradient reads of both. The last axis is the trial, but of squares.
template <class T>
struct TeamHistory {
  int units, channels, driven, preactivations;
  T* x;           // [unit]: the present state
  T* lambda;      // [unit]: its adjoint
  T* losses;      // [unit], or where there are readouts [time]
  T* carriers;    // [time + 1][unit]: phi(x) in rate form, x in voltage form
  T* responses;   // [time][response][unit]: phi(h), voltage form; gate and candidate of gated units
  T* aparts;      // [time][unit]: phi_out(x), when apart
  T* states;      // [time][unit]: x, in rate form with leaks of the units' own
  T* adjoints;    // [time][pre-activation][unit]: e
  T* overlaps;    // [time + 1][channels]: overlaps, then outputs
  T* d_overlaps;  // the same of their adjoints
  T* drives;      // [time][drives + inputs + 1]: s; the last are 1, and the bias is their weight
  T* squares;     // [item][...]: sums of some steps, see squares.cuh

  __device__ T* carrier(int t) const { return carriers + rows(t, units); }
  __device__ T* response(int t, int p = 0) const {
    return responses + rows(t * preactivations + p, units);
  }
  __device__ T* apart(int t) const { return aparts + rows(t, units); }
  __device__ T* state(int t) const { return states + rows(t, units); }
  __device__ T* adjoint(int t, int p = 0) const {
    return adjoints + rows(t * preactivations + p, units);
  }
  __device__ T* overlap(int t) const { return overlaps + rows(t, channels); }
  __device__ T* d_overlap(int t) const { return d_overlaps + rows(t, channels); }
  __device__ T* drive(int t) const { return drives + rows(t, driven + 1); }

  TBRNN_FN static std::size_t rows(int count, int of_each) {
    return static_cast<std::size_t>(count) * static_cast<std::size_t>(of_each) * tile_trials;
  }
  TBRNN_FN static std::size_t size(const Shape<T>& shape, int steps) {
    return TeamHistory(shape, steps, nullptr).end;
  }
  TBRNN_FN TeamHistory(const Shape<T>& shape, int steps, T* at)
      : units(shape.units),
        channels(shape.channels()),
        driven(shape.driven()),
        preactivations(shape.preactivations) {
    std::size_t taken = 0;
    const auto next = [&](int count, int of_each) {
      const std::size_t first = taken;
      taken += rows(count, of_each);
      return at ? at + first : nullptr;
    };
    x = next(1, units);
    lambda = next(1, units);
    losses = next(1, shape.readouts ? steps : units);
    carriers = next(steps + 1, units);
    responses = next(steps * shape.responses(), units);
    aparts = next(shape.apart ? steps : 0, units);
    states = next(shape.saves_state() ? steps : 0, units);
    adjoints = next(steps * preactivations, units);
    overlaps = next(steps + 1, channels);
    d_overlaps = next(steps + 1, channels);
    drives = next(steps, driven + 1);
    squares = next(items_of(shape, steps), square_size / tile_trials);
    next(shape.late ? steps : 0, units + shape.late);  // see gated_team_forward.cuh
    end = taken;
  }

 private:
  std::size_t end;  // entries of all
};

// Memory of a team, kept from member to member; what a crew has in common lies in that of its first team.
template <class T>
struct TeamScratch {
  TeamHistory<T> history;
  Packed<T> packed, gradient;
  T* of_units;
  void* packing;  // memory for it

  static std::size_t size(const Shape<T>& shape, int steps) {
    const std::size_t packing = UnitBlocks<T>::bytes(shape) / sizeof(T),
                      units = static_cast<std::size_t>(shape.units);
    return quads(TeamHistory<T>::size(shape, steps) + Packed<T>::size(shape) +
                 Packed<T>::gradient_size(shape) + units) +
           quads(packing);
  }
  __device__ TeamScratch(const Shape<T>& shape, int steps, T* of_crew, T* at)
      : history(shape, steps, at),
        packed(Packed<T>::of_weights(shape, of_crew + TeamHistory<T>::size(shape, steps))),
        gradient(Packed<T>::of_gradient(shape, packed.product + Packed<T>::size(shape))),
        of_units(gradient.product + Packed<T>::gradient_size(shape)),
        packing(of_crew + quads(static_cast<std::size_t>(of_units + shape.units - of_crew))) {}

 private:
  TBRNN_FN static std::size_t quads(std::size_t entries) {
    return (entries + lane_units - 1) / lane_units * lane_units;
  }
};

}  // namespace tbrnn::cuda
