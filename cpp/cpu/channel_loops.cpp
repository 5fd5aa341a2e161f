// The time loops of the channel recurrence, compiled once for each instruction set.
#include "cpu/backward.hpp"
#include "cpu/forward.hpp"
#include "equations/models.hpp"

namespace tbrnn::inline TBRNN_ISA {

namespace {

[[gnu::used]] constexpr auto loops_float = loops<NoProduct, float>(ChannelModels{});
[[gnu::used]] constexpr auto loops_double = loops<NoProduct, double>(ChannelModels{});

}  // namespace

}  // namespace tbrnn::inline TBRNN_ISA
