// The noise of one step of a tile.
#pragma once

#include "cpu/normals.hpp"
#include "cpu/passes.hpp"

namespace tbrnn::inline TBRNN_ISA {

// rows [unit rounded up to 4][32]
template <class T>
void noise_rows(NoiseKey key, int first_trial, int units, T* rows,
                Purpose purpose = Purpose::state_noise) {
  using P = Two<T>;
  for (int unit = 0; unit < units; unit += 4)
    for (int lane = 0; lane < tile_trials; lane += P::lanes) {
      Pack<Word<T>, 2> word[4];
      noise_words<T, 2>(key, static_cast<std::uint32_t>(first_trial + lane),
                        noise_block(unit, purpose), word);
      P z[4];
      box_muller(word[0], word[1], z[0], z[1]);
      box_muller(word[2], word[3], z[2], z[3]);
      unroll<4>([&](auto i) TBRNN_INLINED { z[i].store(rows + (unit + i) * tile_trials + lane); });
    }
}

}  // namespace tbrnn::inline TBRNN_ISA
