// The time loop of a model's channels with a product stage. Its members are compiled in a source of each recurrence.
#pragma once

#include <tuple>

#include "cpu/rollout.hpp"

namespace tbrnn::inline TBRNN_ISA {

struct NoProduct {
  static constexpr bool exists = false;
};
struct Dense;
struct Pairs;
struct Gated;
struct GatedDense;

template <Recurrence>
struct ProductOf;
template <>
struct ProductOf<Recurrence::channel> {
  using Type = NoProduct;
};
template <>
struct ProductOf<Recurrence::dense> {
  using Type = Dense;
};
template <>
struct ProductOf<Recurrence::pairs> {
  using Type = Pairs;
};

template <>
struct ProductOf<Recurrence::gated> {
  using Type = Gated;
};
template <>
struct ProductOf<Recurrence::gated_dense> {
  using Type = GatedDense;
};

template <class Model, class Product, class T>
struct Loop {
  static void forward(const Network<T>&, const TileData<T>&, const Workspace<T>&, T* states);
  static double backward(const Network<T>&, const TileData<T>&, const Workspace<T>&, T* gradient);
};

// The members of some models' loops: where they are known, they are compiled for whoever asks for them.
template <class Product, class T, class... Model>
constexpr auto loops(std::tuple<Model...>) {
  return std::make_tuple(&Loop<Model, Product, T>::forward...,
                         &Loop<Model, Product, T>::backward...);
}

// The loops of gated units are others.
template <class Model, class T>
struct Loop<Model, Gated, T> {
  static void forward(const Network<T>&, const TileData<T>&, const Workspace<T>&, T* states);
  static double backward(const Network<T>&, const TileData<T>&, const Workspace<T>&, T* gradient);
};
template <class Model, class T>
struct Loop<Model, GatedDense, T> {
  static void forward(const Network<T>&, const TileData<T>&, const Workspace<T>&, T* states);
  static double backward(const Network<T>&, const TileData<T>&, const Workspace<T>&, T* gradient);
};

}  // namespace tbrnn::inline TBRNN_ISA
