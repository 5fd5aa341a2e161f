#include "cpu/product.hpp"

#include "core/dispatch.hpp"
#include "cpu/panels.hpp"

namespace tbrnn {

namespace {

// In rate form the leak's alpha is folded into the weights.
template <class T>
T factor(const Spec& spec) {
  return static_cast<T>(spec.form == Form::rate ? spec.alpha : 1.0);
}

template <class Model, class T>
void pack_dense(const Spec& spec, const T* w, T* packed) {
  const Panels panels{spec.units, spec.units};
  const T scale = factor<T>(spec);
  const auto entry = [&](int i, int j) { return scale * Model::weight(w, spec.units, i, j); };
  panels.pack(packed, entry);
  panels.pack(packed + panels.size(), [&](int j, int i) { return entry(i, j); });
}

template <class Model, class T>
void unpack_dense(const Spec& spec, const T* w, const T* dW, T* dw) {
  const int units = spec.units, columns = padded(units);
  for (int i = 0; i < units; ++i)
    for (int j = 0; j < units; ++j)
      dw[i * units + j] =
          Model::weight_adjoint(w, units, i, j, factor<T>(spec) * dW[i * columns + j]);
}

}  // namespace

ProductSize product_size(const Spec& spec) {
  ProductSize size;
  with_model(spec.model, [&](auto model) {
    if constexpr (decltype(model)::recurrence == Recurrence::dense) size = dense_size(spec.units);
  });
  return size;
}

template <class T>
void pack_product(const Spec& spec, const T* p, T* packed) {
  with_model(spec.model, [&](auto model) {
    using Model = decltype(model);
    if constexpr (Model::recurrence == Recurrence::dense) pack_dense<Model>(spec, p, packed);
  });
}

template <class T>
void unpack_product(const Spec& spec, const T* p, const T* packed_gradient, T* gradient) {
  with_model(spec.model, [&](auto model) {
    using Model = decltype(model);
    if constexpr (Model::recurrence == Recurrence::dense)
      unpack_dense<Model>(spec, p, packed_gradient, gradient);
  });
}

template void pack_product(const Spec&, const float*, float*);
template void pack_product(const Spec&, const double*, double*);
template void unpack_product(const Spec&, const float*, const float*, float*);
template void unpack_product(const Spec&, const double*, const double*, double*);

}  // namespace tbrnn
