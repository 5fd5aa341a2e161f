// Blocks of a launch that wait for one another, and clusters of them that write to one another.
#pragma once

#include <cstdint>

namespace tbrnn::dev {

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
// Until it is over, but not the next. What has come lies in this block's memory, so no more is acquired than of the block: an acquire of the
// cluster would empty the L1 cache in every turn.
__device__ inline void wait_for(Arrivals* mine, int turn) {
  asm volatile(
      "{.reg .pred over;\n"
      "again:\n"
      "mbarrier.try_wait.parity.acquire.cta.shared::cta.b64 over, [%0], %1;\n"
      "@!over bra again;}" ::"r"(shared_place(mine)),
      "r"(turn & 1)
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

}  // namespace tbrnn::dev
