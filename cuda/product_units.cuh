// One unit of a network with a product stage: what it sends, its step, and the adjoint of that. v are its pre-activations.
//
//   rate      x <- leak x + v
//   voltage   x <- leak x + alpha phi(v)         equations/leak.hpp, with leaks of the units' own too
//   gated     x <- step(x, gates and candidate)  equations/leaky_gru.hpp
#pragma once

#include "equations/leak.hpp"
#include "product.cuh"

namespace tbrnn::cuda {

// Of a unit with a leak of its own.
template <class T>
struct OwnLeak {
  Number<T> leak, alpha, cubic;

  __device__ static OwnLeak of(const Shape<T>& shape, int n) {
    const T* at = shape.leaks + (n < shape.units ? n : 0);
    return {Number<T>(at[0]), Number<T>(at[shape.units]), Number<T>(at[2 * shape.units])};
  }
};

template <class Model, class T, class S>
class UnitStep {
  using V = Number<T>;
  using Sizes = typename S::template Of<T>;

 public:
  static constexpr bool gated = has_gates(Model::recurrence);
  static constexpr int targets = Product<Model>::targets;

  __device__ UnitStep(const Shape<T>& shape, const OwnLeak<T>& own)
      : shape_(shape), sizes_{shape}, own_(own) {}

  // What the backward pass needs of it.
  __device__ bool apart() const { return sizes_.apart(); }
  __device__ bool saves_state() const { return sizes_.saves_state(); }
  __device__ bool responds() const { return sends_x(); }

  __device__ V carrier(V x) const { return sends_x() ? x : phi(sizes_.phi(), x); }
  __device__ V out(V x, V carrier) const {  // what is read out
    return sizes_.apart() ? phi(sizes_.phi_out(), x) : carrier;
  }

  // v becomes the responses that the backward pass reads, if any.
  __device__ V step(V x, V (&v)[targets]) const {
    if constexpr (gated) {
      TBRNN_UNROLL
      for (int p = 0; p < Model::candidate; ++p) v[p] = phi(Nonlinearity::tanh, v[p]);
      v[Model::candidate] = phi(sizes_.phi(), v[Model::candidate]);
      return Model::step(x, v[Model::update], v[Model::candidate], half_alpha());
    } else {
      if (sizes_.voltage()) v[0] = phi(sizes_.phi(), v[0]);
      if (sizes_.own_leak()) return own_leak(x, v[0], own_.leak, own_.alpha, own_.cubic);
      return sizes_.voltage() ? leak_voltage(x, v[0], V(shape_.leak), V(shape_.alpha))
                              : leak_rate(x, v[0], V(shape_.leak));
    }
  }

  // What the adjoint of state t + 1 needs, which step t made.
  struct Seen {
    V before, after;  // the carriers of states t and t + 1
    V x, out;         // of state t + 1, with a leak of its own and where what is read out is apart
    V response[targets];  // of step t
    V error;              // adjoint of what is read out
  };
  // From lambda of state t + 2, d_r of the carrier of state t + 1 and the error to lambda and e of the pre-activations.
  __device__ void adjoint(const Seen& seen, V d_r, V& lambda, V (&e)[targets]) const {
    if constexpr (gated) {
      const V g = seen.response[Model::candidate];
      const auto d = Model::step_adjoint(seen.before, seen.response[Model::update], g, half_alpha(),
                                         slope(sizes_.phi(), g), lambda + d_r + seen.error);
      lambda = d.x;
      e[Model::update] = d.update;
      e[Model::candidate] = d.candidate;
    } else {
      const V leak(shape_.leak);
      if (sizes_.own_leak())
        lambda = tbrnn::own_leak_adjoint(lambda, sizes_.voltage() ? seen.after : seen.x, own_.leak,
                                         own_.cubic);
      if (!sizes_.apart()) d_r = d_r + seen.error;
      if (sizes_.voltage()) {
        lambda = leak_voltage_adjoint(lambda, d_r, leak);
        e[0] =
            preactivation_adjoint(lambda, slope(sizes_.phi(), seen.response[0]), V(shape_.alpha));
      } else {
        lambda = leak_rate_adjoint(lambda, d_r, slope(sizes_.phi(), seen.after), leak);
        if (sizes_.apart()) lambda = fma(slope(sizes_.phi_out(), seen.out), seen.error, lambda);
        e[0] = lambda;
      }
      if (sizes_.own_leak()) e[0] = own_.alpha * e[0];
    }
  }

 private:
  __device__ bool sends_x() const { return gated || sizes_.voltage(); }
  __device__ V half_alpha() const { return V(T(0.5) * shape_.alpha); }

  const Shape<T>& shape_;
  const Sizes sizes_;
  const OwnLeak<T>& own_;
};

}  // namespace tbrnn::cuda
