// One member between its parameters and the time loop: packing, the gradient's way back, and the memory of a thread.
#pragma once

#include <cstdint>
#include <vector>

#include "core/buffer.hpp"
#include "core/dataset.hpp"
#include "core/spec.hpp"
#include "cpu/rollout.hpp"

namespace tbrnn {

// What the members of a cohort have in common.
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
  bool on_units;      // the errors are those of the units
  std::size_t model;  // index in equations/models.hpp

  std::size_t weights() const { return packed.total() + product.weights; }
  std::size_t gradient() const { return packed.total() + product.gradient; }
  const Rollout<T>& rollout(const InstructionSet&) const;
  const Field* field(const char* name) const { return find(fields, name); }
};

// The noise of one member in one epoch.
struct NoiseSource {
  std::uint64_t key = 0;  // seed in the lower, member in the upper half
  double sigma = 0.0;
  std::uint32_t epoch = 0;
  double input_sigma = 0.0;
};

// Packed weights of one member; the network reads them in place.
template <class T>
class PackedMember {
 public:
  explicit PackedMember(const Plan<T>&);
  void pack(const T* parameters);
  // From the packed gradient to that of the parameters; `parameters` as last packed.
  void unpack_gradient(const T* parameters, const T* packed_gradient, T* gradient) const;
  Network<T> network(const NoiseSource&, double mask_sum) const;

 private:
  const Plan<T>& plan_;
  Buffer<T> packed_;
  Buffer<T> effective_;  // parameters after hard_orth
};

template <class T>
TileData<T> tile_data(const Dataset<T>&, int tile);

// The rows that one tile needs, from one allocation that grows and is kept.
template <class T>
class WorkMemory {
 public:
  Workspace<T> fit(const Plan<T>&, int steps, std::size_t lane_bytes);

 private:
  Buffer<T> memory_;
};

}  // namespace tbrnn
