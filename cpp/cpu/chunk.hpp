// What backpropagation of all time loops shares: adjoints of a chunk of states, and the gradients that they add up to.
#pragma once

#include <cstring>

#include "cpu/loop.hpp"
#include "cpu/losses.hpp"

namespace tbrnn::inline TBRNN_ISA {

// Lane sums of the packed gradient.
template <class T>
PackedPlaces<T> lane_sums(const Network<T>& net, const Workspace<T>& work) {
  return PackedPlaces<T>(packed_size(net), work.sums, Pack<T>::lanes);
}

// Adjoints of a chunk of states last, last - 1, ...: row i of e and dc belongs to state last - i, the row of dc behind them to the next.
template <class T>
struct Chunk {
  const Time<T>& time;
  int last, steps;

  std::ptrdiff_t unit_rows() const {
    return static_cast<std::ptrdiff_t>(time.net.units) * tile_trials;
  }
  std::ptrdiff_t e_rows() const { return time.net.preactivations * unit_rows(); }
  std::ptrdiff_t dc_rows() const {
    return static_cast<std::ptrdiff_t>(time.net.channels()) * tile_trials;
  }
  std::ptrdiff_t s_rows() const {
    return static_cast<std::ptrdiff_t>(time.net.preactivations) * time.net.driven() * tile_trials;
  }
  T* e(int i, int preactivation = 0) const {
    return time.work.e + i * e_rows() + preactivation * unit_rows();
  }
  T* e_next(int i) const { return e(i > 0 ? i - 1 : chunk_steps - 1); }  // of the chunk before
  T* dc(int i) const { return time.work.dc + i * dc_rows(); }
  std::ptrdiff_t late_rows() const {
    return static_cast<std::ptrdiff_t>(time.net.late) * tile_trials;
  }
  T* late(int i) const { return time.work.late + i * unit_rows(); }
  T* d_late(int i) const { return time.work.d_late + i * late_rows(); }
};

// dQ += e s, db += e, dP += carrier dc, and the readout's
template <class T>
void chunk_gradient(const Chunk<T>& chunk) {
  const auto& [net, data, work] = chunk.time;
  const auto& [time, last, steps] = chunk;
  const PackedPlaces<T> sums = lane_sums(net, work);
  const Rows<T> e{chunk.e(0), chunk.unit_rows()}, dc{chunk.dc(0), chunk.dc_rows()};
  if (time.driving())
    outer(net.units, net.driven(), steps, e, {time.s(last - 1), -chunk.s_rows()}, sums.drive,
          sums.bias);
  else
    total(net.units, steps, e, sums.bias);
  outer(net.units, net.gathered(), steps, {time.carrier(last), -chunk.unit_rows()}, dc, sums.gather,
        static_cast<T*>(nullptr));
  if (net.readouts) {
    const Rows<T> d_o{chunk.dc(0) + net.reductions * tile_trials, chunk.dc_rows()};
    if (net.apart)
      outer(net.units, net.readouts, steps, {time.apart(last - 1), -chunk.unit_rows()}, d_o,
            sums.readout, static_cast<T*>(nullptr));
    total(net.readouts, steps, d_o, sums.b_out);
  }
  copy_rows(chunk.dc(steps), chunk.dc(0), net.reductions);
  if (net.folded()) copy_rows(chunk.e(steps - 1), work.lambda, net.units);
}

template <class T>
void start_backward(const Time<T>& time) {
  const auto& [net, data, work] = time;
  const PackedPlaces<T> sums = lane_sums(net, work);
  std::memset(work.sums, 0, sizeof(T) * static_cast<std::size_t>(sums.end - work.sums));
  zero_rows(work.lambda, net.units);
  zero_rows(work.dc, net.channels());
}

// The initial state is read by the first step's channels; then the lanes are summed.
template <class T>
void finish_backward(const Time<T>& time, T* gradient) {
  const auto& [net, data, work] = time;
  const PackedPlaces<T> sums = lane_sums(net, work);
  zero_rows(work.dc + net.reductions * tile_trials, net.readouts);
  outer<T>(net.units, net.gathered(), 1, {time.carrier(0), 0}, {work.dc, 0}, sums.gather, nullptr);
  for (const T* lanes = work.sums; lanes != sums.end; lanes += Pack<T>::lanes)
    *gradient++ = sum(Pack<T>::load(lanes));
}

}  // namespace tbrnn::inline TBRNN_ISA
