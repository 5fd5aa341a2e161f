// Launches.
#pragma once

#include "dev/properties.hpp"

namespace tbrnn::dev {

template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), int blocks, int threads, std::size_t shared_bytes,
            Arguments... arguments) {
  emulator::run({.blocks = blocks, .threads = threads, .shared_bytes = shared_bytes},
                [=] { kernel(arguments...); });
}

template <class... Parameters, class... Arguments>
void launch_together(void (*kernel)(Parameters...), int blocks, int threads,
                     std::size_t shared_bytes, Arguments... arguments) {
  emulator::run(
      {.blocks = blocks, .threads = threads, .shared_bytes = shared_bytes, .cooperative = true},
      [=] { kernel(arguments...); });
}

template <class... Parameters, class... Arguments>
void launch_clusters(void (*kernel)(Parameters...), int blocks, int cluster, int threads,
                     std::size_t shared_bytes, Arguments... arguments) {
  emulator::run({.blocks = blocks,
                 .threads = threads,
                 .shared_bytes = shared_bytes,
                 .cluster = cluster,
                 .cooperative = true},
                [=] { kernel(arguments...); });
}

template <class... Parameters>
int active_clusters(void (*)(Parameters...), int cluster, int, std::size_t shared_bytes) {
  const bool fits = cluster <= emulator::most_cluster && shared_bytes <= most_shared_bytes();
  return fits ? multiprocessors() / cluster : 0;
}

}  // namespace tbrnn::dev
