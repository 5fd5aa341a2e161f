// Networks and data sets in the words of a plug-in's table, and back.
#pragma once

#include <vector>

#include "core/dataset.hpp"
#include "core/plugin.hpp"
#include "core/spec.hpp"

namespace tbrnn {

class NetworkView {  // of a Spec that outlives it
 public:
  NetworkView(const Spec&, Match, Loss, bool real, bool noisy_inputs = false, bool split = false);
  const plugin::Network* get() const { return &network_; }

 private:
  plugin::Network network_;
  std::vector<plugin::Mask> masks_;
  std::vector<plugin::Bound> bounds_;
};

Spec spec_of(const plugin::Network&);

template <class T>
plugin::Trials view_of(const Dataset<T>&);

template <class T>
Dataset<T> dataset_of(const plugin::Trials&);

}  // namespace tbrnn
