// The models, one line each.
#pragma once

#include <tuple>

#include "hybrid.hpp"
#include "three_body.hpp"
#include "two_body.hpp"

namespace tbrnn::inline TBRNN_ISA {

using Models = std::tuple<LowRankRNN, LowRankTBRNN, LowRankHORNN>;

}  // namespace tbrnn::inline TBRNN_ISA
