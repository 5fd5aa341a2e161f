// What the members of a cohort have in common.
#pragma once

#include <vector>

#include "core/buffer.hpp"
#include "core/spec.hpp"
#include "cpu/rollout.hpp"

namespace tbrnn {

template <class T>
struct Plan {
  // match is null for a simulation
  Plan(const Spec&, const Match*, int steps, Loss = Loss::squared);

  Spec spec;
  std::vector<Field> fields;
  std::size_t parameters;  // entries of the parameter block
  Network<T> network;      // sizes and constants, without weights
  PackedSize packed;
  ProductSize product;
  Buffer<T> leaks;    // of units that have their own
  Buffer<T> shared;   // packed weights of the product stage, where all members have the same
  std::size_t model;  // index in equations/models.hpp

  std::size_t weights() const { return packed.total() + product.weights; }
  std::size_t gradient() const { return packed.total() + product.gradient; }
  const Rollout<T>& rollout(const InstructionSet&) const;
  const Field* field(const char* name) const { return find(fields, name); }
};

}  // namespace tbrnn
