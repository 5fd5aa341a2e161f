// Reads and writes, and what the compiler of kernels is kept from knowing.
#pragma once

#include <limits>
#include <type_traits>

namespace tbrnn::dev {

template <class T>
T kept(T number) {
  return number;
}

template <class Quad>
Quad load_anew(const Quad* at) {
  return *at;
}

// What no thread may read.
template <class T>
T anything() {
  return std::numeric_limits<T>::quiet_NaN();
}

template <class Quad>
Quad load(const Quad* at) {
  return *at;
}

template <class Quad>
Quad load_three(const Quad* at) {
  Quad q = *at;
  q.v[3] = anything<std::remove_reference_t<decltype(q.v[3])>>();
  return q;
}

template <class T>
void fetch(const T*) {}

template <class Quad>
void store(Quad q, Quad* at) {
  *at = q;
}

template <class Quad>
Quad load_anywhere(const Quad* at) {
  return *at;
}

template <class Quad>
void store_anywhere(Quad q, Quad* at) {
  *at = q;
}

}  // namespace tbrnn::dev
