// Adam and AdamW on a parameter block, with a step count for each array of it. A frozen array takes no step; a bounded one ends its
// step within its bounds.
#pragma once

#include <cmath>
#include <vector>

#include "core/spec.hpp"
#include "cpu/archive.hpp"

namespace tbrnn {

template <class T>
class Optimizer {
 public:
  // `trained` has one entry per field, or none for all.
  Optimizer(const std::vector<Field>&, const std::vector<bool>& trained,
            const std::vector<Bound>& = {});

  double gradient_norm(const std::vector<T>& gradient) const;  // of the trained arrays
  void clip(double norm, double most, std::vector<T>& gradient) const;
  void step(double lr, double decay, const std::vector<T>& gradient, std::vector<T>& parameters);
  void state(Archive&);

  std::vector<T> m, v;
  std::vector<long> steps;  // [field]

 private:
  struct Slot {
    std::size_t field, begin, end;
    double low, high;
    bool bounded() const { return std::isfinite(low) || std::isfinite(high); }
  };
  std::vector<Slot> trained_;
};

}  // namespace tbrnn
