// Reads and writes, and what the compiler of kernels is kept from knowing.
#pragma once

#include <limits>
#include <type_traits>

#include "emulator.hpp"

namespace tbrnn::dev {

using emulator::Where;

template <class T>
T kept(T number) {
  return number;
}

template <class Quad>
Quad load_anew(const Quad* at, Where where = Where::current()) {
  emulator::align(at, sizeof(Quad), where);
  return *at;
}

// What no thread may read.
template <class T>
T anything() {
  return std::numeric_limits<T>::quiet_NaN();
}

template <class Quad>
Quad load(const Quad* at, Where where = Where::current()) {
  emulator::align(at, sizeof(Quad), where);
  return *at;
}

template <class Quad>
Quad load_three(const Quad* at, Where where = Where::current()) {
  emulator::align(at, sizeof(Quad), where);
  Quad q = *at;
  q.v[3] = anything<std::remove_reference_t<decltype(q.v[3])>>();
  return q;
}

template <class T>
void fetch(const T*) {}

template <class Quad>
void store(Quad q, Quad* at, Where where = Where::current()) {
  emulator::align(at, sizeof(Quad), where);
  *at = q;
}

template <class Quad>
Quad load_anywhere(const Quad* at, Where where = Where::current()) {
  emulator::align(at, sizeof(Quad), where);
  return *at;
}

template <class Quad>
void store_anywhere(Quad q, Quad* at, Where where = Where::current()) {
  emulator::align(at, sizeof(Quad), where);
  *at = q;
}

}  // namespace tbrnn::dev
