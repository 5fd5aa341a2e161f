#include "cpu/work_memory.hpp"

#include <algorithm>

namespace tbrnn {

template <class T>
Workspace<T> WorkMemory<T>::fit(const Plan<T>& plan, int time_steps, std::size_t lane_bytes) {
  const Network<T>& net = plan.network;
  const std::size_t units = static_cast<std::size_t>(net.units),
                    steps = static_cast<std::size_t>(time_steps),
                    channels = static_cast<std::size_t>(net.channels()),
                    driven = static_cast<std::size_t>(net.driven()),
                    preactivations = static_cast<std::size_t>(net.preactivations),
                    late = static_cast<std::size_t>(net.late);
  const std::size_t rows[] = {
      units,
      (steps + 1) * units,
      net.form == Form::voltage || net.own_leak ? steps * preactivations * units : 0,
      net.own_leak ? steps * units : 0,
      net.apart ? steps * units : 0,
      (steps + 1) * channels,
      steps * preactivations * driven,
      static_cast<std::size_t>(std::max(net.units, net.inputs)) + 3,
      units,
      chunk_steps * preactivations * units,
      (chunk_steps + 1) * channels,
      static_cast<std::size_t>(net.drives),
      late ? chunk_steps * units : 0,
      chunk_steps * late,
      units,
      units,
      plan.product.exists() ? units : 0,
      (plan.product.memory + tile_trials - 1) / tile_trials};
  std::size_t total = 0;
  for (std::size_t count : rows) total += count * tile_trials;
  const std::size_t sums = plan.packed.total() * (lane_bytes / sizeof(T));
  if (memory_.size() < total + sums) memory_ = Buffer<T>(total + sums);
  T* at = memory_.data();
  std::size_t next = 0;
  const auto take = [&] {
    T* here = at;
    at += rows[next++] * tile_trials;
    return here;
  };
  Workspace<T> work;
  for (T** member : {&work.x, &work.carrier, &work.response, &work.before, &work.apart, &work.c,
                     &work.s, &work.noise, &work.lambda, &work.e, &work.dc, &work.ds, &work.late,
                     &work.d_late, &work.error, &work.partial, &work.pull, &work.product})
    *member = take();
  work.sums = at;
  return work;
}

template class WorkMemory<float>;
template class WorkMemory<double>;

}  // namespace tbrnn
