// Threads of a block, their barriers and shuffles.
#pragma once

#include <cstdint>
#include <cstring>

#include "emulator.hpp"

namespace tbrnn::dev {

inline int thread() { return emulator::place().thread; }
inline int threads() { return emulator::place().threads; }
inline int block() { return emulator::place().block; }
inline int block_anew() { return block(); }
inline int blocks() { return emulator::place().blocks; }

template <class T>
T* shared_memory() {
  return reinterpret_cast<T*>(emulator::place().shared);
}

inline std::size_t shared_bytes() { return emulator::place().shared_bytes; }

inline void block_barrier(emulator::Where at = emulator::Where::current()) {
  emulator::block_barrier(at);
}
inline void barrier_of_roles(emulator::Where at = emulator::Where::current()) {
  emulator::block_barrier(at);
}
inline void warp_barrier(emulator::Where at = emulator::Where::current()) {
  emulator::shuffle(~0u, 0, 0, at);  // nobody reads the value
}

// The value of another lane of the warp; every lane of the mask must ask.
template <class T>
T shuffle(std::uint32_t mask, T value, int source_lane,
          emulator::Where at = emulator::Where::current()) {
  static_assert(sizeof(T) <= sizeof(std::uint64_t));
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  bits = emulator::shuffle(mask, bits, source_lane, at);
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

// The same of lane `source` of so many that lie together.
template <int lanes, class T>
T shuffle_among(std::uint32_t mask, T value, int source,
                emulator::Where at = emulator::Where::current()) {
  return shuffle(mask, value, thread() % 32 / lanes * lanes + source, at);
}

template <class T>
T shuffle_xor(std::uint32_t mask, T value, int lanes,
              emulator::Where at = emulator::Where::current()) {
  return shuffle(mask, value, (thread() % 32) ^ lanes, at);
}

inline bool any(std::uint32_t mask, bool is_so, emulator::Where at = emulator::Where::current()) {
  int found = is_so;
  for (int lanes = 16; lanes; lanes /= 2) found |= shuffle_xor(mask, found, lanes, at);
  return found;
}

}  // namespace tbrnn::dev
