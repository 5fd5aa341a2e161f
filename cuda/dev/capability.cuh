// What a kernel is compiled for.
#pragma once

namespace tbrnn::dev {

#ifdef __CUDA_ARCH__
inline constexpr int compiled_capability =
    __CUDA_ARCH__ / 10;  // of the kernel that is compiled, as 75
#else
inline constexpr int compiled_capability = 0;  // the host's half of a kernel
#endif

}  // namespace tbrnn::dev
