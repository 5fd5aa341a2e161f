// Copies that a thread asks for and waits for later.
#pragma once

#include "emulator.hpp"

namespace tbrnn::dev {

template <class Quad>
void copy_ahead(const Quad* from, Quad* to, emulator::Where at = emulator::Where::current()) {
  emulator::copy_ahead(from, to, sizeof(Quad), at);
}
inline void close_copies() { emulator::close_copies(); }
template <int groups>
void copies_arrive_but() {
  emulator::copies_arrive_but(groups);
}
inline void copies_arrive() {
  close_copies();
  copies_arrive_but<0>();
}

}  // namespace tbrnn::dev
