// r = phi(x) over one tile of 32 trials, and the slopes of phi.
#pragma once

#include "cpu/elementary.hpp"
#include "cpu/rollout.hpp"
#include "equations/nonlinearity.hpp"

namespace tbrnn::inline TBRNN_ISA {

// The nonlinearity that a pass is compiled for: tanh, or any by a switch.
struct Tanh {
  template <class V>
  TBRNN_PACK V phi(V x) const {
    return tbrnn::TBRNN_ISA::phi(Nonlinearity::tanh, x);
  }
  template <class V>
  TBRNN_PACK V slope(V r) const {
    return tbrnn::TBRNN_ISA::slope(Nonlinearity::tanh, r);
  }
};

template <class T>
struct Any {
  const Activation<T>& activation;
  template <class V>
  V phi(V x) const {
    return tbrnn::TBRNN_ISA::phi(activation, x);
  }
  template <class V>
  V slope(V r) const {
    return tbrnn::TBRNN_ISA::slope(activation, r);
  }
};

template <class T, class Use>
inline void with_nonlinearity(const Activation<T>& activation, Use&& use) {
  if (activation == Activation<T>{})
    use(Tanh{});
  else
    use(Any<T>{activation});
}

// r = phi(x), rows [unit][32]. Four vectors at once: the chain of dependent instructions is too long for fewer.
template <class T>
void respond(const Activation<T>& activation, int units, const T* x, T* r) {
  using P = Pack<T, 4>;
  static_assert(tile_trials % Pack<T>::lanes == 0);
  with_nonlinearity(activation, [&](auto phi) {
    const int size = units * tile_trials;
    int i = 0;
    for (; i + P::lanes <= size; i += P::lanes) phi.phi(P::load(x + i)).store(r + i);
    for (; i < size; i += Pack<T>::lanes) phi.phi(Pack<T>::load(x + i)).store(r + i);
  });
}

}  // namespace tbrnn::inline TBRNN_ISA
