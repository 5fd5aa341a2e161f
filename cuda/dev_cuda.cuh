// The device as CUDA gives it. PTX lives here and in dev_matrix_units.cuh, and nowhere else.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/plugin.hpp"
#include "equations/portable.hpp"
#include "memory.hpp"

#define TBRNN_UNROLL _Pragma("unroll")
#define TBRNN_UNROLL_TIMES(times) TBRNN_PRAGMA(unroll(times))
#define TBRNN_PRAGMA(text) _Pragma(#text)
#define TBRNN_CALLED __noinline__      // compiled once for all the kernels of a source
#define TBRNN_INLINED __forceinline__  // else weights leave the registers

namespace tbrnn::dev {

#ifdef __CUDA_ARCH__
inline constexpr int compiled_capability =
    __CUDA_ARCH__ / 10;  // of the kernel that is compiled, as 75
#else
inline constexpr int compiled_capability = 0;  // the host's half of a kernel
#endif

__device__ inline int thread() { return static_cast<int>(threadIdx.x); }
__device__ inline int threads() { return static_cast<int>(blockDim.x); }
__device__ inline int block() { return static_cast<int>(blockIdx.x); }
__device__ inline int block_anew() {  // which the compiler does not keep
  int block;
  asm volatile("mov.u32 %0, %%ctaid.x;" : "=r"(block));
  return block;
}
__device__ inline int blocks() { return static_cast<int>(gridDim.x); }

template <class T>
__device__ T* shared_memory() {
  extern __shared__ __align__(16) unsigned char bytes[];
  return reinterpret_cast<T*>(bytes);
}

__device__ inline std::size_t shared_bytes() {  // that the launch asked for
  unsigned bytes;
  asm("mov.u32 %0, %%dynamic_smem_size;" : "=r"(bytes));
  return bytes;
}

__device__ inline void block_barrier() { __syncthreads(); }
__device__ inline void warp_barrier() { __syncwarp(); }

template <class T>
__device__ T shuffle(std::uint32_t mask, T value, int source_lane) {
  return __shfl_sync(mask, value, source_lane);
}

// Of lane `source` of so many that lie together.
template <int lanes, class T>
__device__ T shuffle_among(std::uint32_t mask, T value, int source) {
  return __shfl_sync(mask, value, source, lanes);
}

template <class T>
__device__ T shuffle_xor(std::uint32_t mask, T value, int lanes) {
  return __shfl_xor_sync(mask, value, lanes);
}

// Whether it is so in any lane; the compiler knows that all have the same answer.
__device__ inline bool any(std::uint32_t mask, bool is_so) { return __any_sync(mask, is_so); }

// A pointer that stays in a register: the compiler no longer knows what it is made of, so it does not make it again in every step.
template <class T>
__device__ T* kept(T* at) {
  asm("" : "+l"(at));
  return at;
}

// What a register happens to hold, for a place that nobody reads.
template <class T>
__device__ T anything() {
  T value;
  if constexpr (sizeof(T) == 4)
    asm("" : "=f"(value));
  else
    asm("" : "=d"(value));
  return value;
}

// Four numbers of global memory. In float32 one access, even where some of them are not used.
template <class Quad>
__device__ Quad load(const Quad* at) {
  if constexpr (sizeof(Quad) == 16) {
    Quad q;
    asm volatile("ld.global.v4.f32 {%0, %1, %2, %3}, [%4];"
                 : "=f"(q.v[0]), "=f"(q.v[1]), "=f"(q.v[2]), "=f"(q.v[3])
                 : "l"(__cvta_generic_to_global(at))
                 : "memory");
    return q;
  } else {
    return *at;
  }
}

// The first three. Four would take a register for the last, which, since nobody reads it, is given away at once; who gets it waits for the
// load.
template <class Quad>
__device__ Quad load_three(const Quad* at) {
  Quad q{};
  if constexpr (sizeof(Quad) == 16)
    asm volatile("ld.global.v2.f32 {%0, %1}, [%3]; ld.global.f32 %2, [%3 + 8];"
                 : "=f"(q.v[0]), "=f"(q.v[1]), "=f"(q.v[2])
                 : "l"(__cvta_generic_to_global(at))
                 : "memory");
  else
    for (int i = 0; i < 3; ++i) q.v[i] = at->v[i];
  return q;
}

// To the L2 cache, where it may have left it.
template <class T>
__device__ void fetch(const T* at) {
  asm volatile("prefetch.global.L2 [%0];" ::"l"(__cvta_generic_to_global(at)));
}

template <class Quad>
__device__ void store(Quad q, Quad* at) {
  if constexpr (sizeof(Quad) != 16)
    *at = q;
  else
    asm volatile("st.global.v4.f32 [%4], {%0, %1, %2, %3};" ::"f"(q.v[0]), "f"(q.v[1]), "f"(q.v[2]),
                 "f"(q.v[3]), "l"(__cvta_generic_to_global(at))
                 : "memory");
}

// The same of global or of shared memory.
template <class Quad>
__device__ Quad load_anywhere(const Quad* at) {
  if constexpr (sizeof(Quad) == 16) {
    Quad q;
    asm volatile("ld.v4.f32 {%0, %1, %2, %3}, [%4];"
                 : "=f"(q.v[0]), "=f"(q.v[1]), "=f"(q.v[2]), "=f"(q.v[3])
                 : "l"(at)
                 : "memory");
    return q;
  } else {
    return *at;
  }
}

template <class Quad>
__device__ void store_anywhere(Quad q, Quad* at) {
  if constexpr (sizeof(Quad) != 16)
    *at = q;
  else
    asm volatile("st.v4.f32 [%4], {%0, %1, %2, %3};" ::"f"(q.v[0]), "f"(q.v[1]), "f"(q.v[2]),
                 "f"(q.v[3]), "l"(at)
                 : "memory");
}

// A barrier of so many blocks of a cooperative launch, in two halves. `count` is 0 before the launch and counts the arrivals from then on.
__device__ inline unsigned arrive_among_blocks(unsigned* count, int blocks) {
  __syncthreads();
  if (threadIdx.x) return 0;
  unsigned before;
  asm volatile("atom.add.release.gpu.global.u32 %0, [%1], 1;"
               : "=r"(before)
               : "l"(__cvta_generic_to_global(count))
               : "memory");
  const unsigned all = static_cast<unsigned>(blocks);
  return (before / all + 1) * all;  // arrivals that thread 0 waits for
}

__device__ inline void wait_for_blocks(const unsigned* count, unsigned goal, int) {
  if (threadIdx.x == 0) {
    unsigned now;
    do {
      asm volatile("ld.acquire.gpu.global.u32 %0, [%1];"
                   : "=r"(now)
                   : "l"(__cvta_generic_to_global(count))
                   : "memory");
    } while (now < goal);
  }
  __syncthreads();
}

// Clusters of blocks, whose shared memory each of them may write. Compiled for less than 9.0 there are none, and nothing calls these.
__device__ inline int cluster_rank() {
  int rank;
  asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return rank;
}
__device__ inline int cluster_size() {
  int size;
  asm("mov.u32 %0, %%cluster_nctarank;" : "=r"(size));
  return size;
}

// A barrier of the cluster in two halves: what a thread wrote before it arrives, all see that have waited.
__device__ inline void cluster_arrive() {
  asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory");
}
__device__ inline void cluster_wait() {
  asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
}

// Bytes that other blocks of the cluster send to this one, turn by turn: a turn is over when as many have come as were expected.
struct Arrivals {
  std::uint64_t word;
};
__device__ inline unsigned shared_place(const void* at) {
  return static_cast<unsigned>(__cvta_generic_to_shared(at));
}
__device__ inline void begin(Arrivals* mine) {  // in one thread, before a barrier of the cluster
  asm volatile(
      "mbarrier.init.shared::cta.b64 [%0], 1;\n"
      "fence.mbarrier_init.release.cluster;" ::"r"(shared_place(mine))
      : "memory");
}
__device__ inline void end(Arrivals* mine) {  // when nobody sends any more
  asm volatile("mbarrier.inval.shared::cta.b64 [%0];" ::"r"(shared_place(mine)) : "memory");
}
__device__ inline void expect(Arrivals* mine, int bytes) {  // in one thread, once in a turn
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_place(mine)),
               "r"(bytes)
               : "memory");
}
__device__ inline void wait_for(Arrivals* mine, int turn) {  // until it is over, but not the next
  asm volatile(
      "{.reg .pred over;\n"
      "again:\n"
      "mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 over, [%0], %1;\n"
      "@!over bra again;}" ::"r"(shared_place(mine)),
      "r"(turn % 2)
      : "memory");
}
// Four numbers to the same place in the shared memory of another block of the cluster, whose count they join.
template <class Quad>
__device__ void send(const Quad& q, Quad* mine, Arrivals* count, int rank) {
  static_assert(sizeof(Quad) == 16);
  asm volatile(
      "{.reg .u32 to, counted;\n"
      "mapa.shared::cluster.u32 to, %0, %2;\n"
      "mapa.shared::cluster.u32 counted, %1, %2;\n"
      "st.async.shared::cluster.mbarrier::complete_tx::bytes.v4.f32 [to], {%3, %4, %5, %6}, "
      "[counted];}" ::"r"(shared_place(mine)),
      "r"(shared_place(count)), "r"(rank), "f"(q.v[0]), "f"(q.v[1]), "f"(q.v[2]), "f"(q.v[3])
      : "memory");
}

// A few numbers of global memory to shared memory, while the thread goes on. It sees what it has asked for when it has waited: for all, or
// for all but the last few groups that it has closed.
template <class Few>
__device__ void copy_ahead(const Few* from, Few* to) {
  if constexpr (compiled_capability >= 80 && sizeof(Few) < 16)
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2;" ::"r"(
                     static_cast<unsigned>(__cvta_generic_to_shared(to))),
                 "l"(__cvta_generic_to_global(from)), "n"(sizeof(Few))
                 : "memory");
  else if constexpr (compiled_capability >= 80)
    for (std::size_t at = 0; at < sizeof(Few); at += 16)
      asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(
                       static_cast<unsigned>(__cvta_generic_to_shared(to) + at)),
                   "l"(__cvta_generic_to_global(from) + at)
                   : "memory");
  else
    *to = *from;
}
__device__ inline void close_copies() {
  if constexpr (compiled_capability >= 80) asm volatile("cp.async.commit_group;" ::: "memory");
}
template <int groups>
__device__ void copies_arrive_but() {
  if constexpr (compiled_capability >= 80)
    asm volatile("cp.async.wait_group %0;" ::"n"(groups) : "memory");
}
__device__ inline void copies_arrive() { asm volatile("cp.async.wait_all;" ::: "memory"); }

// 2 ulp in float32: the reciprocal of the special function unit, and a product. b is neither subnormal nor huge.
__device__ inline float divide(float a, float b) {
  float reciprocal;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(reciprocal) : "f"(b));
  return a * reciprocal;
}
__device__ inline double divide(double a, double b) { return a / b; }

// The larger of the two; where x is NaN, NaN.
template <class T>
TBRNN_FN T maximum(T floor, T x) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  if constexpr (sizeof(T) == sizeof(float)) {
    asm("max.NaN.f32 %0, %1, %2;" : "=f"(x) : "f"(floor), "f"(x));
    return x;
  }
#endif
  return floor > x ? floor : x;
}

inline void require(cudaError_t error, const char* what) {
  if (error != cudaSuccess)
    throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(error));
}

inline Pool& pool() {
  static Pool blocks(
      [](std::size_t bytes) -> void* {
        void* at = nullptr;
        const cudaError_t error = cudaMalloc(&at, bytes);
        if (error == cudaErrorMemoryAllocation) {
          cudaGetLastError();  // forgets it
          return nullptr;
        }
        require(error, "device memory");
        return at;
      },
      [](void* at) { cudaFree(at); });
  return blocks;
}

template <class T>
class Memory {
 public:
  Memory() = default;
  explicit Memory(std::size_t size) : size_(size) {
    if (size) at_ = static_cast<T*>(pool().take(size * sizeof(T)));
  }
  Memory(Memory&& other) noexcept
      : size_(std::exchange(other.size_, 0)), at_(std::exchange(other.at_, nullptr)) {}
  Memory& operator=(Memory&& other) noexcept {
    std::swap(size_, other.size_);
    std::swap(at_, other.at_);
    return *this;
  }
  ~Memory() { pool().give_back(at_); }
  T* data() const { return at_; }
  std::size_t size() const { return size_; }

 private:
  std::size_t size_ = 0;
  T* at_ = nullptr;
};

template <class T>
void to_device(const T* from, std::size_t size, T* to) {
  require(cudaMemcpy(to, from, size * sizeof(T), cudaMemcpyHostToDevice), "copy to the device");
}

template <class T>
void to_host(const T* from, std::size_t size, T* to) {
  require(cudaMemcpy(to, from, size * sizeof(T), cudaMemcpyDeviceToHost), "copy to the host");
}

inline void copy_text(const char* from, char* to, std::size_t size) {
  std::snprintf(to, size, "%s", from);
}

// Whether the present device runs `kernel`, and if not, why.
template <class Function>
plugin::Device device(Function* kernel) {
  using plugin::Readiness;
  plugin::Device d{};
  copy_text(TBRNN_CUDA_ARCHITECTURES, d.architectures, sizeof(d.architectures));
  cudaRuntimeGetVersion(&d.runtime);
  cudaDriverGetVersion(&d.driver);
  const auto end = [&](Readiness readiness, cudaError_t error) {
    d.readiness = readiness;
    copy_text(cudaGetErrorString(error), d.message, sizeof(d.message));
    cudaGetLastError();  // forgets it
    return d;
  };
  int count = 0, index = 0;
  cudaError_t error = cudaGetDeviceCount(&count);
  if (error == cudaErrorInsufficientDriver)
    return end(d.driver ? Readiness::old_driver : Readiness::no_driver, error);
  if (error == cudaErrorNoDevice) return end(Readiness::no_gpu, error);
  cudaDeviceProp properties{};
  if (!error) error = cudaGetDevice(&index);
  if (!error) error = cudaGetDeviceProperties(&properties, index);
  if (error) return end(Readiness::broken, error);
  d.major = properties.major;
  d.minor = properties.minor;
  d.memory = properties.totalGlobalMem;
  copy_text(properties.name, d.name, sizeof(d.name));
  cudaFuncAttributes attributes{};
  error = cudaFuncGetAttributes(&attributes, reinterpret_cast<const void*>(kernel));
  if (error == cudaErrorNoKernelImageForDevice || error == cudaErrorInvalidDeviceFunction)
    return end(Readiness::old_card, error);
  return end(error ? Readiness::broken : Readiness::ready, error);
}

inline int multiprocessors() {
  int device = 0, count = 0;
  require(cudaGetDevice(&device), "device");
  require(cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device), "device");
  return count;
}

inline std::size_t most_shared_bytes() {  // that a block can ask for
  int device = 0, bytes = 0;
  require(cudaGetDevice(&device), "device");
  require(cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device),
          "device");
  return static_cast<std::size_t>(bytes);
}

// The compute capability, as 75, that the kernel was compiled for which the present device runs.
template <class Function>
int capability(Function* kernel) {
  cudaFuncAttributes attributes{};
  require(cudaFuncGetAttributes(&attributes, reinterpret_cast<const void*>(kernel)), "kernel");
  return attributes.ptxVersion;
}

template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), int blocks, int threads, std::size_t shared_bytes,
            Arguments... arguments) {
  require(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                               static_cast<int>(shared_bytes)),
          "shared memory");
  kernel<<<static_cast<unsigned>(blocks), static_cast<unsigned>(threads), shared_bytes>>>(
      static_cast<Parameters>(arguments)...);
  require(cudaGetLastError(), "launch");
}

// All blocks at the same time, so that they can wait for one another. There must be room for them.
template <class... Parameters, class... Arguments>
void launch_together(void (*kernel)(Parameters...), int blocks, int threads,
                     std::size_t shared_bytes, Arguments... arguments) {
  require(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                               static_cast<int>(shared_bytes)),
          "shared memory");
  void* list[] = {&arguments...};
  require(cudaLaunchCooperativeKernel(kernel, static_cast<unsigned>(blocks),
                                      static_cast<unsigned>(threads), list, shared_bytes),
          "cooperative launch");
}

// The same in clusters of so many blocks, which must have room too.
template <class... Parameters>
cudaLaunchConfig_t in_clusters(void (*kernel)(Parameters...), int blocks, int cluster, int threads,
                               std::size_t shared_bytes, cudaLaunchAttribute (&list)[2]) {
  require(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                               static_cast<int>(shared_bytes)),
          "shared memory");
  if (cluster > 8)
    require(cudaFuncSetAttribute(kernel, cudaFuncAttributeNonPortableClusterSizeAllowed, 1),
            "clusters");
  list[0].id = cudaLaunchAttributeClusterDimension;
  list[0].val.clusterDim = {static_cast<unsigned>(cluster), 1, 1};
  list[1].id = cudaLaunchAttributeCooperative;
  list[1].val.cooperative = 1;
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(blocks));
  config.blockDim = dim3(static_cast<unsigned>(threads));
  config.dynamicSmemBytes = shared_bytes;
  config.attrs = list;
  config.numAttrs = 2;
  return config;
}

template <class... Parameters, class... Arguments>
void launch_clusters(void (*kernel)(Parameters...), int blocks, int cluster, int threads,
                     std::size_t shared_bytes, Arguments... arguments) {
  cudaLaunchAttribute list[2];
  const auto config = in_clusters(kernel, blocks, cluster, threads, shared_bytes, list);
  require(cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...),
          "launch in clusters");
}

// How many clusters the present device runs at a time; 0 where it has none.
template <class... Parameters>
int active_clusters(void (*kernel)(Parameters...), int cluster, int threads,
                    std::size_t shared_bytes) {
  int has_clusters = 0, device = 0, count = 0;
  require(cudaGetDevice(&device), "device");
  require(cudaDeviceGetAttribute(&has_clusters, cudaDevAttrClusterLaunch, device), "device");
  if (!has_clusters || shared_bytes > most_shared_bytes()) return 0;
  cudaLaunchAttribute list[2];
  auto config = in_clusters(kernel, cluster, cluster, threads, shared_bytes, list);
  config.numAttrs = 1;
  if (cudaOccupancyMaxActiveClusters(&count, kernel, &config) == cudaSuccess) return count;
  cudaGetLastError();  // forgets it
  return 0;
}

}  // namespace tbrnn::dev
