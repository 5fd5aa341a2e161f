// The models of each recurrence, one line each.
#pragma once

#include <tuple>

#include "dense.hpp"
#include "hybrid.hpp"
#include "leaky_gru.hpp"
#include "low_rank_gru.hpp"
#include "tensor.hpp"
#include "three_body.hpp"
#include "two_body.hpp"

namespace tbrnn::inline TBRNN_ISA {

using ChannelModels = std::tuple<LowRankRNN, LowRankTBRNN, LowRankHORNN>;
using DenseModels = std::tuple<RNN, EIRNN>;
using PairModels = std::tuple<TBRNN, HORNN>;
using GatedModels = std::tuple<LowRankGRU, LeakyGRU>;

using Models =
    decltype(std::tuple_cat(ChannelModels{}, DenseModels{}, PairModels{}, GatedModels{}));

}  // namespace tbrnn::inline TBRNN_ISA
