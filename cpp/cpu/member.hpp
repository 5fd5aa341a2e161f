// One member between its parameters and the time loop: packing, and the gradient's way back.
#pragma once

#include "core/dataset.hpp"
#include "core/noise_source.hpp"
#include "cpu/plan.hpp"

namespace tbrnn {

// Packed weights of one member; the network reads them in place.
template <class T>
class PackedMember {
 public:
  explicit PackedMember(const Plan<T>&);
  void pack(const T* parameters, T* rows);  // memory for ProductSize::rows numbers
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

}  // namespace tbrnn
