// Compiled once per instruction set, so nothing here may come from the standard library.
#include "evaluate.hpp"

#include "cpu/elementary.hpp"
#include "equations/nonlinearity.hpp"

namespace tbrnn::inline TBRNN_ISA {

template <class T>
void evaluate(Nonlinearity kind, const T* x, int count, T* value, T* slopes) {
  for (int i = 0; i < count; i += Pack<T>::lanes) {
    const Pack<T> r = phi(kind, Pack<T>::load(x + i));
    r.store(value + i);
    slope(kind, r).store(slopes + i);
  }
}

}  // namespace tbrnn::inline TBRNN_ISA

namespace tbrnn {

Evaluators EVALUATORS() { return {evaluate<float>, evaluate<double>}; }

}  // namespace tbrnn
