// Where the rows of one tile lie at each step.
#pragma once

#include <cstring>

#include "cpu/passes.hpp"

namespace tbrnn::inline TBRNN_ISA {

// Channel values [channel][32] of one vector of trials.
template <class T>
struct Lane {
  T* at;
  Pack<T> get(int k) const { return Pack<T>::load(at + k * tile_trials); }
  void set(int k, Pack<T> value) const { value.store(at + k * tile_trials); }
};

template <class T>
void copy_rows(const T* from, T* to, int rows) {
  std::memcpy(to, from, sizeof(T) * static_cast<std::size_t>(rows) * tile_trials);
}

template <class T>
void zero_rows(T* rows, int count) {
  std::memset(rows, 0, sizeof(T) * static_cast<std::size_t>(count) * tile_trials);
}

template <class T>
struct Time {  // rows of the workspace at step t
  const Network<T>& net;
  const TileData<T>& data;
  const Workspace<T>& work;

  std::size_t at(int t, int rows) const {
    return static_cast<std::size_t>(t) * static_cast<std::size_t>(rows) * tile_trials;
  }
  T* carrier(int t) const { return work.carrier + at(t, net.units); }
  T* response(int t, int preactivation = 0) const {
    return work.response + at(t * net.preactivations + preactivation, net.units);
  }
  T* before(int t) const { return work.before + at(t, net.units); }
  T* apart(int t) const { return work.apart + at(t, net.units); }
  T* c(int t) const { return work.c + at(t, net.channels()); }
  T* outputs(int t) const { return c(t + 1) + net.reductions * tile_trials; }
  int driving() const { return data.silent && net.drives == 0 ? 0 : net.driven(); }
  T* s(int t, int preactivation = 0) const {
    return work.s + at(t * net.preactivations + preactivation, net.driven());
  }
  const T* units_out(int t) const { return net.apart ? apart(t) : carrier(t + 1); }
  int target_channels() const { return net.readouts ? net.readouts : net.units; }
  const T* inputs(int t) const { return data.inputs + at(t, net.inputs); }
  const T* targets(int t) const { return data.targets + at(t, target_channels()); }
};

}  // namespace tbrnn::inline TBRNN_ISA
