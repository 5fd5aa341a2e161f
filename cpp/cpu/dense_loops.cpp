// The time loops of the dense recurrence, and of channels beside a fixed matrix, compiled once for each instruction set.
#include "cpu/backward.hpp"
#include "cpu/dense.hpp"
#include "cpu/forward.hpp"
#include "equations/models.hpp"

namespace tbrnn::inline TBRNN_ISA {

template struct Loop<std::tuple_element_t<0, DenseModels>, Dense, float>;
template struct Loop<std::tuple_element_t<0, DenseModels>, Dense, double>;

namespace {

[[gnu::used]] constexpr auto loops_float = loops<Dense, float>(ChannelModels{});
[[gnu::used]] constexpr auto loops_double = loops<Dense, double>(ChannelModels{});

}  // namespace

}  // namespace tbrnn::inline TBRNN_ISA
