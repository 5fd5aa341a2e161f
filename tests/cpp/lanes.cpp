// Compiled once per instruction set, so nothing here may come from the standard library.
#include "lanes.hpp"

#include "cpu/elementary.hpp"
#include "cpu/normals.hpp"
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

template <class T>
void normals(const std::uint32_t (&key)[4], std::uint32_t block, int trials, T* z) {
  for (int first = 0; first < trials; first += Pack<T>::lanes) {
    const Words<T> words = noise_words<T>({key[0], key[1], key[2], key[3]}, first, block);
    Pack<T> unit[4];
    box_muller(words.word[0], words.word[1], unit[0], unit[1]);
    box_muller(words.word[2], words.word[3], unit[2], unit[3]);
    for (int u = 0; u < 4; ++u) {
      T lane[Pack<T>::lanes];
      unit[u].store(lane);
      for (int i = 0; i < Pack<T>::lanes; ++i) z[4 * (first + i) + u] = lane[i];
    }
  }
}

template <class T>
constexpr LaneFunctions<T> functions{evaluate<T>, normals<T>};

}  // namespace tbrnn::inline TBRNN_ISA

namespace tbrnn {

Lanes LANES() { return {functions<float>, functions<double>}; }

}  // namespace tbrnn
