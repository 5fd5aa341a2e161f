// What a warp reads of global memory for its pairs, in the order in which it needs that: well before, on its way to shared memory.
#pragma once

#include "block_sum.cuh"
#include "team.cuh"

namespace tbrnn::cuda {

inline constexpr int staged_rows = 128;  // at a time, of those that the weights multiply

// The block's shared memory, in rows [32].
template <class T>
struct PairMemory {
  static constexpr int k_of_chunk = 32 / sizeof(T), slots = 16 / sizeof(T);  // of a warp's stream
  static constexpr int of_chunk = k_of_chunk * PairPanels::row / tile_trials;
  static constexpr int sums = staged_rows, stream = sums + warps * panel_units,
                       zeros = stream + warps * slots * of_chunk, rows = zeros + 1;
  static_assert(of_chunk >= panel_units);  // which r_j have
};

// What a warp does with the rows begin ... end - 1 that are in shared memory, for one of its panels of neighbours j.
struct PairRun {
  int begin, end, j;
  int from, count;  // of k
  bool linear;      // the linear rows of these neighbours are among them

  // Run `number` of the warp, panel after panel for the first rows, then for the next. To and fro, since the first panels are long.
  __device__ PairRun(const PairPanels& at, int of_warp, int number) {
    const int turns = runs_of_piece(at), turn = number % turns, columns = at.columns();
    begin = number / turns * staged_rows;
    end = begin + staged_rows < columns ? begin + staged_rows : columns;
    j = (turn * warps + (turn % 2 ? warps - 1 - of_warp : of_warp)) * panel_units;
    from = begin < at.first(j) ? at.first(j) : begin;
    count = j < at.units && from < end ? end - from : 0;
    linear = at.linear && begin <= j && j < end;
  }
  __device__ static int runs_of_piece(const PairPanels& at) { return ceiling(at.panels(), warps); }
  __device__ static int pieces(const PairPanels& at) { return ceiling(at.columns(), staged_rows); }
};

// Chunks of the warp's runs: the linear weights, the weights of some k at a time, and the rows r of the neighbours.
template <class T>
class PairStream {
  using M = PairMemory<T>;

 public:
  __device__ PairStream(const PairPanels& at, int of_warp, const T* weights, const T* r)
      : at_(at),
        warp_(of_warp),
        runs_(PairRun::pieces(at) * PairRun::runs_of_piece(at)),
        weights_(weights),
        r_(r),
        memory_(rows_from(dev::shared_memory<T>(), M::stream + of_warp * M::slots * M::of_chunk)) {
    open(0);
    for (int slot = 0; slot + 1 < M::slots; ++slot) ask();
  }

  __device__ const T* next() {
    dev::copies_arrive_but<M::slots - 2>();
    dev::warp_barrier();  // it has come for all lanes, and they are done with the last
    ask();
    return slot(taken_++);
  }

 private:
  __device__ T* slot(unsigned chunk) const {
    return rows_from(memory_, static_cast<int>(chunk % M::slots) * M::of_chunk);
  }

  // The first run from this one on that exists.
  __device__ void open(int number) {
    for (run_ = number; run_ < runs_; ++run_) {
      const PairRun run(at_, warp_, run_);
      if (run.count == 0) continue;
      const T* panel = weights_ + at_.place(0, run.j);
      linear_ = run.linear ? panel + at_.pair_rows(run.j) * PairPanels::row : nullptr;
      next_ = panel + (run.from - at_.first(run.j)) * PairPanels::row;
      left_ = run.count;
      j_ = run.j;
      return;
    }
  }

  // For the next chunk, if there is one.
  __device__ void ask() {
    T* to = slot(asked_++);
    if (run_ < runs_) {
      if (linear_) {
        copy<PairPanels::row>(linear_, to);
        linear_ = nullptr;
      } else if (left_ >= M::k_of_chunk) {
        copy<M::k_of_chunk * PairPanels::row>(next_, to);
        next_ += M::k_of_chunk * PairPanels::row;
        left_ -= M::k_of_chunk;
      } else if (left_) {
        copy<M::k_of_chunk / 2 * PairPanels::row>(next_, to);
        left_ = 0;
      } else {
        copy_neighbours(to);
        open(run_ + 1);
      }
    }
    dev::close_copies();
  }
  template <int numbers>
  __device__ static void copy(const T* from, T* to) {
    constexpr int of_warp = 32 * lane_units;
    from += lane() * lane_units;
    to += lane() * lane_units;
    TBRNN_UNROLL
    for (int at = 0; at < numbers; at += of_warp)
      if (at + of_warp <= numbers || at + lane() * lane_units < numbers)
        dev::copy_ahead(reinterpret_cast<const Quad<T>*>(from + at),
                        reinterpret_cast<Quad<T>*>(to + at));
  }
  // Those behind the units, whose weights are 0, are read as the first.
  __device__ void copy_neighbours(T* to) const {
    const int trial = lane() % panel_units * lane_units;
    TBRNN_UNROLL
    for (int first = 0; first < panel_units; first += 32 / panel_units) {
      const int i = first + lane() / panel_units, j = j_ + i < at_.units ? j_ + i : j_;
      dev::copy_ahead(reinterpret_cast<const Quad<T>*>(rows_from(r_, j) + trial),
                      reinterpret_cast<Quad<T>*>(rows_from(to, i) + trial));
    }
  }

  PairPanels at_;
  int warp_, runs_;
  const T *weights_, *r_;
  T* memory_;
  unsigned asked_ = 0, taken_ = 0;  // chunks
  int run_ = 0, left_ = 0, j_ = 0;
  const T *linear_ = nullptr, *next_ = nullptr;  // left to ask for of the run
};

}  // namespace tbrnn::cuda
