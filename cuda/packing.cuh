// Between the parameter block of a member and the weights that the time loop reads. A thread packs one unit: to the equations a unit is
// a network of one unit, so their loops over units run once. All of the workers do.
#pragma once

#include <new>

#include "dev.cuh"
#include "equations/hard_orth.hpp"
#include "product_packing.cuh"
#include "sizes.cuh"
#include "views.cuh"
#include "workers.cuh"

namespace tbrnn::cuda {

inline constexpr int most_ranks = 32;  // of the channels that a kernel takes

template <class Model>
struct UnitBlock {  // the recurrent parameters of one unit, in the order of the block
  static constexpr int arrays = static_cast<int>(std::tuple_size_v<decltype(Model::arrays)>);
  static constexpr int most = arrays * most_ranks + 1;

  // visit(index in the unit's block, index in the member's block)
  template <class Visit>
  TBRNN_FN static void each(int units, Ranks ranks, int n, Visit visit) {
    int mine = 0, first = 0;
    for (int a = 0; a < arrays; ++a) {
      const int rank = Model::rank_of(ranks, a);
      for (int r = 0; r < rank; ++r) visit(mine++, first + n * rank + r);
      first += units * rank;
    }
  }
  TBRNN_FN static int size(Ranks ranks) {
    int size = 0;
    for (int a = 0; a < arrays; ++a) size += Model::rank_of(ranks, a);
    return size;
  }
};

// hard_orth: l, the block's first array, without its part in the input space. One thread, in memory of the block.
template <class T>
struct Orth {
  InputSpace space;
  OrthMemory memory;

  __device__ static T* projected(void* at) {
    return reinterpret_cast<T*>(static_cast<Orth*>(at) + 1);
  }
  static std::size_t bytes(const Shape<T>& shape) {
    return shape.hard_orth ? sizeof(Orth) + sizeof(T) * static_cast<std::size_t>(shape.units) *
                                                static_cast<std::size_t>(shape.ranks.three)
                           : 0;
  }
  __device__ static const T* bias(const Shape<T>& shape, const T* p) {
    return shape.b_in[0] >= 0 ? p + shape.b_in[0] : nullptr;
  }
};

// Returns where l lies; every thread calls it.
template <class T>
__device__ const T* project(const Workers& all, const Shape<T>& shape, const T* p, void* memory) {
  T* l = Orth<T>::projected(memory);
  for (int i = all.thread(); i < shape.units * shape.ranks.three; i += all.threads()) l[i] = p[i];
  all.barrier();
  if (all.first()) {
    Orth<T>& orth = *static_cast<Orth<T>*>(memory);
    const T *w_in = p + shape.w_in[0], *b_in = Orth<T>::bias(shape, p);
    new (&orth.space) InputSpace(w_in, b_in, shape.units, shape.inputs);
    hard_orth(orth.space, w_in, b_in, shape.units, shape.inputs, shape.ranks.three, l, orth.memory);
  }
  all.barrier();
  return l;
}

// After the gradient with respect to the projected l has been written.
template <class T>
__device__ void project_adjoint(const Workers& all, const Shape<T>& shape, const T* p, void* memory,
                                T* gradient) {
  all.barrier();
  if (!all.first()) return;
  Orth<T>& orth = *static_cast<Orth<T>*>(memory);
  hard_orth_adjoint(orth.space, p + shape.w_in[0], Orth<T>::bias(shape, p), shape.units,
                    shape.inputs, shape.ranks.three, p, Orth<T>::projected(memory), gradient,
                    gradient + shape.w_in[0],
                    shape.b_in[0] >= 0 ? gradient + shape.b_in[0] : nullptr, orth.memory);
}

// l: the block's first array.
template <class Model, class S, class T>
__device__ void pack_unit(const Shape<T>& shape, const T* p, const T* l, int n,
                          const Packed<T>& packed) {
  using Block = UnitBlock<Model>;
  const Ranks ranks = typename S::template Of<T>{shape}.ranks();
  T unit[Block::most]{};
  const int end = shape.units * Model::rank_of(ranks, 0);
  Block::each(shape.units, ranks, n,
              [&](int mine, int at) { unit[mine] = at < end ? l[at] : p[at]; });
  if (shape.gate >= 0) unit[Block::size(ranks)] = p[shape.gate];
  constexpr int preactivations = preactivations_of<Model>;
  const int channels = shape.channels(), driven = shape.driven();
  const Columns<T> P{packed.gather + n * channels, channels},
      Q{packed.drive + n * preactivations * driven, driven};  // row: pre-activation
  if constexpr (has_late<Model>)
    Model::pack(unit, 1, ranks, shape.factors, P,
                Columns<T>{packed.late + n * shape.late, shape.late}, Q);
  else
    Model::pack(unit, 1, ranks, shape.factors, shape.gated, P, Q);
  for (int i = 0; i < preactivations; ++i) {
    pack_columns(p + shape.w_in[i] + n * shape.inputs, 1, shape.inputs, shape.input_factor[i],
                 Q.below(i).from(shape.drives));
    packed.bias[n * preactivations + i] =
        shape.b_in[i] >= 0 ? shape.input_factor[i] * p[shape.b_in[i] + n] : T(0);
  }
  for (int o = 0; o < shape.readouts; ++o)
    pack_readout(p + shape.w_out + o * shape.units + n, 1, 1, P.from(shape.reductions + o));
}

template <class Model, class S = Loose<Model>, class T>
__device__ TBRNN_CALLED void pack(const Workers& all, const Shape<T>& shape, const T* p, void* orth,
                                  const Packed<T>& packed) {
  const T* l = p;
  if constexpr (Model::has_hard_orth)
    if (shape.hard_orth) l = project(all, shape, p, orth);
  for (int n = all.thread(); n < shape.units; n += all.threads())
    pack_unit<Model, S>(shape, p, l, n, packed);
  for (int o = all.thread(); o < shape.readouts; o += all.threads())
    packed.b_out[o] = shape.b_out >= 0 ? p[shape.b_out + o] : T(0);
  if constexpr (Product<Model>::exists) pack_product<Model>(all, shape, p, packed.product);
}

// Returns the unit's share of the gradient of the gate.
template <class Model, class S, class T>
__device__ T unpack_unit(const Shape<T>& shape, const T* p, int n, const Packed<T>& d,
                         T* gradient) {
  using Block = UnitBlock<Model>;
  const Ranks ranks = typename S::template Of<T>{shape}.ranks();
  T unit[Block::most]{}, d_unit[Block::most]{};
  const int gate = Block::size(ranks);
  Block::each(shape.units, ranks, n, [&](int mine, int at) { unit[mine] = p[at]; });
  if (shape.gate >= 0) unit[gate] = p[shape.gate];
  constexpr int preactivations = preactivations_of<Model>;
  const int channels = shape.channels(), driven = shape.driven();
  const Columns<const T> dP{d.gather + n * channels, channels},
      dQ{d.drive + n * preactivations * driven, driven};
  if constexpr (has_late<Model>)
    Model::pack_adjoint(1, ranks, shape.factors, dP,
                        Columns<const T>{d.late + n * shape.late, shape.late}, dQ, d_unit);
  else
    Model::pack_adjoint(unit, 1, ranks, shape.factors, shape.gated, dP, dQ, d_unit);
  Block::each(shape.units, ranks, n, [&](int mine, int at) { gradient[at] = d_unit[mine]; });
  for (int i = 0; i < preactivations; ++i) {
    pack_columns_adjoint(dQ.below(i).from(shape.drives), 1, shape.inputs, shape.input_factor[i],
                         gradient + shape.w_in[i] + n * shape.inputs);
    if (shape.b_in[i] >= 0)
      gradient[shape.b_in[i] + n] = shape.input_factor[i] * d.bias[n * preactivations + i];
  }
  for (int o = 0; o < shape.readouts; ++o)
    pack_readout_adjoint(dP.from(shape.reductions + o), 1, 1,
                         gradient + shape.w_out + o * shape.units + n);
  return Block::arrays > 0 && shape.gate >= 0 ? d_unit[gate] : T(0);
}

// The whole gradient is written. `of_units` [unit] is memory for the shares of the gate.
template <class Model, class S = Loose<Model>, class T>
__device__ TBRNN_CALLED void unpack(const Workers& all, const Shape<T>& shape, const T* p,
                                    const Packed<T>& d, T* of_units, void* orth, T* gradient) {
  if (shape.w_out >= 0 && shape.readouts == 0)  // a readout that the loss does not see
    for (int i = shape.w_out + all.thread(); i < shape.parameters; i += all.threads())
      gradient[i] = T(0);
  for (int n = all.thread(); n < shape.units; n += all.threads())
    of_units[n] = unpack_unit<Model, S>(shape, p, n, d, gradient);
  if (shape.b_out >= 0)
    for (int o = all.thread(); o < shape.readouts; o += all.threads())
      gradient[shape.b_out + o] = d.b_out[o];
  if constexpr (Product<Model>::exists) unpack_product<Model>(all, shape, p, d.product, gradient);
  if constexpr (Model::has_hard_orth)
    if (shape.hard_orth) project_adjoint(all, shape, p, orth, gradient);
  if (shape.gate < 0) return;
  all.barrier();
  if (!all.first()) return;
  T sum(0);
  for (int n = 0; n < shape.units; ++n) sum += of_units[n];
  gradient[shape.gate] = sum;
}

}  // namespace tbrnn::cuda
