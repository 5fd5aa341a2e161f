#include "cpu/product.hpp"

#include "core/dispatch.hpp"
#include "cpu/pair_panels.hpp"

namespace tbrnn {

namespace {

template <class T>
T factor(const Spec& spec) {
  return static_cast<T>(spec.folded_alpha());
}

Senders senders(const Spec& spec) { return {spec.units, spec.excitatory}; }

// W, of so many rows for each unit, and its transpose
template <class T, class Weight>
void pack_matrix(const Spec& spec, int rows, Weight weight, T* packed) {
  const Panels panels{rows * spec.units, spec.units}, transposed{spec.units, rows * spec.units};
  const T scale = factor<T>(spec);
  panels.pack(packed, [&](int i, int j) { return scale * static_cast<T>(weight(i, j)); });
  transposed.pack(packed + panels.size(),
                  [&](int j, int i) { return scale * static_cast<T>(weight(i, j)); });
}

template <class Model>
constexpr int rows_of_a_unit = static_cast<int>(Model::input_weights.size());

template <class Model, class T>
void unpack_dense(const Spec& spec, const T* w, const T* dW, T* dw) {
  const int units = spec.units, columns = padded(units);
  for (int i = 0; i < rows_of_a_unit<Model> * units; ++i)
    for (int j = 0; j < units; ++j)
      dw[i * units + j] =
          Model::weight_adjoint(w, senders(spec), i, j, factor<T>(spec) * dW[i * columns + j]);
}

}  // namespace

ProductSize product_size(const Spec& spec) {
  const std::size_t units = static_cast<std::size_t>(spec.units),
                    matrix = Panels{spec.units, spec.units}.size();
  ProductSize size;
  with_model(spec.model, [&](auto model) {
    using Model = decltype(model);
    if constexpr (has_matrix(Model::recurrence)) {
      constexpr std::size_t rows = rows_of_a_unit<Model>;
      size.weights = 2 * rows * matrix;
      size.gradient = rows * units * static_cast<std::size_t>(padded(spec.units));
      size.memory = std::size_t{chunk_steps} * tile_trials * tile_trials;
    }
    if constexpr (Model::recurrence == Recurrence::pairs)
      size = pairs_size({spec.units, Model::linear});
  });
  if (spec.bulk) size.shared = 2 * matrix;
  return size;
}

template <class T>
void pack_shared(const Spec& spec, T* packed) {
  if (!spec.bulk) return;
  const Panels panels{spec.units, spec.units};
  pack_matrix(
      spec, 1,
      [&](int i, int j) { return (*spec.bulk)[panels.offset(i) + static_cast<std::size_t>(j)]; },
      packed);
}

template <class T>
void pack_product(const Spec& spec, const T* p, T* rows, T* packed) {
  with_model(spec.model, [&](auto model) {
    using Model = decltype(model);
    if constexpr (has_matrix(Model::recurrence))
      pack_matrix(
          spec, rows_of_a_unit<Model>,
          [&](int i, int j) { return Model::weight(p, senders(spec), i, j); }, packed);
    if constexpr (Model::recurrence == Recurrence::pairs)
      pack_pairs<Model>(spec.units, factor<T>(spec), spec.gated, p, rows, packed);
  });
}

template <class T>
void unpack_product(const Spec& spec, const T* p, const T* packed_gradient, T* gradient) {
  with_model(spec.model, [&](auto model) {
    using Model = decltype(model);
    if constexpr (has_matrix(Model::recurrence))
      unpack_dense<Model>(spec, p, packed_gradient, gradient);
    if constexpr (Model::recurrence == Recurrence::pairs)
      pack_rows_adjoint<Model>(p, spec.units, factor<T>(spec), spec.gated, packed_gradient,
                               padded(spec.units), gradient);
  });
}

template void pack_shared(const Spec&, float*);
template void pack_shared(const Spec&, double*);
template void pack_product(const Spec&, const float*, float*, float*);
template void pack_product(const Spec&, const double*, double*, double*);
template void unpack_product(const Spec&, const float*, const float*, float*);
template void unpack_product(const Spec&, const double*, const double*, double*);

}  // namespace tbrnn
