// Between the parameter block of a member and the weights that the time loop reads. A thread packs one unit: to the equations a unit is
// a network of one unit, so their loops over units run once. All of the workers do.
#pragma once

#include "orth.cuh"
#include "product_packing.cuh"
#include "sizes.cuh"
#include "views.cuh"
#include "workers.cuh"

namespace tbrnn::cuda {

inline constexpr int most_ranks = 32;  // that a thread has memory for

template <class Model>
struct UnitBlock {  // the recurrent parameters of one unit, in the order of the block
  static constexpr int arrays = static_cast<int>(std::tuple_size_v<decltype(Model::arrays)>);
  template <class S>
  static constexpr int most = (Ends<S> ? arrays * most_ranks : 0) + 1;

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

// Where ranks have no end: the blocks of the units and of their gradients, in memory of the workers behind that of hard_orth.
template <class T>
struct UnitBlocks {
  T* at;
  int row;

  __device__ UnitBlocks(const Shape<T>& shape, void* memory)
      : at(reinterpret_cast<T*>(static_cast<unsigned char*>(memory) + begin(shape))),
        row(row_of(shape)) {}
  __device__ T* of(int n) const { return at + 2 * n * row; }
  __device__ T* gradient_of(int n) const { return of(n) + row; }

  TBRNN_FN static std::size_t begin(const Shape<T>& shape) {
    return (Orth<T>::bytes(shape) + sizeof(T) - 1) / sizeof(T) * sizeof(T);
  }
  TBRNN_FN static std::size_t bytes(const Shape<T>& shape) {  // with those of hard_orth
    return begin(shape) + sizeof(T) * static_cast<std::size_t>(2 * shape.units * row_of(shape));
  }
  // Each parameter of a unit is packed once; and the gate.
  TBRNN_FN static int row_of(const Shape<T>& shape) {
    return shape.reductions + shape.late + shape.preactivations * shape.drives + 1;
  }
};

// l: the block's first array.
template <class Model, class S, class T>
__device__ void pack_unit(const Shape<T>& shape, const T* p, const T* l, int n, void* memory,
                          const Packed<T>& packed) {
  using Block = UnitBlock<Model>;
  const Ranks ranks = typename S::template Of<T>{shape}.ranks();
  T own[Block::template most<S>]{}, *unit = own;
  if constexpr (!Ends<S> && Block::arrays > 0) {
    unit = UnitBlocks<T>(shape, memory).of(n);
    unit[Block::size(ranks)] = T(0);
  }
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

template <class Model, class S = Endless<Model>, class T>
__device__ TBRNN_CALLED void pack(const Workers& all, const Shape<T>& shape, const T* p,
                                  void* memory, const Packed<T>& packed) {
  const T* l = p;
  if constexpr (Model::has_hard_orth)
    if (shape.hard_orth) l = project(all, shape, p, memory);
  for (int n = all.thread(); n < shape.units; n += all.threads())
    pack_unit<Model, S>(shape, p, l, n, memory, packed);
  for (int o = all.thread(); o < shape.readouts; o += all.threads())
    packed.b_out[o] = shape.b_out >= 0 ? p[shape.b_out + o] : T(0);
  if constexpr (Product<Model>::exists) pack_product<Model>(all, shape, p, packed.product);
}

// Returns the unit's share of the gradient of the gate.
template <class Model, class S, class T>
__device__ T unpack_unit(const Shape<T>& shape, const T* p, int n, const Packed<T>& d, void* memory,
                         T* gradient) {
  using Block = UnitBlock<Model>;
  const Ranks ranks = typename S::template Of<T>{shape}.ranks();
  constexpr int most = Block::template most<S>;
  T own[most]{}, own_gradient[most]{}, *unit = own, *d_unit = own_gradient;
  const int gate = Block::size(ranks);
  if constexpr (!Ends<S> && Block::arrays > 0) {
    const UnitBlocks<T> blocks(shape, memory);
    unit = blocks.of(n);
    d_unit = blocks.gradient_of(n);
    unit[gate] = T(0);
  }
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
template <class Model, class S = Endless<Model>, class T>
__device__ TBRNN_CALLED void unpack(const Workers& all, const Shape<T>& shape, const T* p,
                                    const Packed<T>& d, T* of_units, void* memory, T* gradient) {
  if (shape.w_out >= 0 && shape.readouts == 0)  // a readout that the loss does not see
    for (int i = shape.w_out + all.thread(); i < shape.parameters; i += all.threads())
      gradient[i] = T(0);
  for (int n = all.thread(); n < shape.units; n += all.threads())
    of_units[n] = unpack_unit<Model, S>(shape, p, n, d, memory, gradient);
  if (shape.b_out >= 0)
    for (int o = all.thread(); o < shape.readouts; o += all.threads())
      gradient[shape.b_out + o] = d.b_out[o];
  if constexpr (Product<Model>::exists) unpack_product<Model>(all, shape, p, d.product, gradient);
  if constexpr (Model::has_hard_orth)
    if (shape.hard_orth) project_adjoint(all, shape, p, memory, gradient);
  if (shape.gate < 0) return;
  all.barrier();
  if (!all.first()) return;
  T sum(0);
  for (int n = 0; n < shape.units; ++n) sum += of_units[n];
  gradient[shape.gate] = sum;
}

}  // namespace tbrnn::cuda
