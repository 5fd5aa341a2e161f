// What a launch, a barrier and an exchange between threads take on this card: one JSON object a line, microseconds of one of them, the
// least and the median of several runs. Clusters need compute capability 9.0.
#include <cooperative_groups.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace cg = cooperative_groups;

namespace {

constexpr int runs = 21, repeats = 2000;

void require(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  std::fprintf(stderr, "%s: %s\n", what, cudaGetErrorString(error));
  std::exit(1);
}

// `work` does something `count` times on the stream.
template <class Work>
void time_of(const std::string& name, int count, cudaStream_t stream, Work work) {
  cudaEvent_t begin, end;
  require(cudaEventCreate(&begin), "event");
  require(cudaEventCreate(&end), "event");
  std::vector<double> us;
  for (int run = -3; run < runs; ++run) {
    require(cudaEventRecord(begin, stream), "event");
    work();
    require(cudaEventRecord(end, stream), "event");
    require(cudaEventSynchronize(end), name.c_str());
    float ms = 0;
    require(cudaEventElapsedTime(&ms, begin, end), "event");
    if (run >= 0) us.push_back(1e3 * static_cast<double>(ms) / count);
  }
  std::sort(us.begin(), us.end());
  std::printf("{\"constant\": \"%s\", \"us\": %.6f, \"median_us\": %.6f}\n", name.c_str(), us[0],
              us[us.size() / 2]);
  std::fflush(stdout);  // where a later one hangs
}

__global__ void nothing() {}

__global__ void grid_syncs(int count) {
  const cg::grid_group grid = cg::this_grid();
  for (int i = 0; i < count; ++i) grid.sync();
}

__global__ void block_syncs(int count) {
  for (int i = 0; i < count; ++i) __syncthreads();
}

__global__ void shuffles(int count, float* out) {
  float value = static_cast<float>(threadIdx.x);
  for (int i = 0; i < count; ++i) value += __shfl_xor_sync(0xffffffffu, value, 1);
  out[threadIdx.x] = value;
}

__global__ void adds(int count, float* out) {  // what a shuffle's addition and loop take
  float value = static_cast<float>(threadIdx.x);
  for (int i = 0; i < count; ++i) value += value;
  out[threadIdx.x] = value;
}

__global__ void cluster_barriers(int count) {
#if __CUDA_ARCH__ >= 900
  const cg::cluster_group cluster = cg::this_cluster();
  for (int i = 0; i < count; ++i) cluster.sync();
#endif
}

// Each block writes to its neighbour, waits for all, and reads what it was given.
__global__ void exchanges(int count, float* out) {
#if __CUDA_ARCH__ >= 900
  __shared__ float given[2][1024];
  const cg::cluster_group cluster = cg::this_cluster();
  const unsigned next = (cluster.block_rank() + 1) % cluster.num_blocks();
  float* theirs = cluster.map_shared_rank(&given[0][0], next);
  float value = static_cast<float>(threadIdx.x);
  for (int i = 0; i < count; ++i) {
    theirs[(i % 2) * 1024 + static_cast<int>(threadIdx.x)] = value;
    cluster.sync();
    value = 1 + given[i % 2][threadIdx.x];
  }
  cluster.sync();  // nobody ends while another may still write to it
  if (blockIdx.x == 0) out[threadIdx.x] = value;
#endif
}

// A chain of reads, each of which says where the next one is.
__global__ void remote_reads(int count, int* out) {
#if __CUDA_ARCH__ >= 900
  __shared__ int links[32];
  const cg::cluster_group cluster = cg::this_cluster();
  links[threadIdx.x] = static_cast<int>(threadIdx.x + 1) % 32;
  cluster.sync();
  const int* theirs =
      cluster.map_shared_rank(&links[0], (cluster.block_rank() + 1) % cluster.num_blocks());
  int at = static_cast<int>(threadIdx.x);
  for (int i = 0; i < count; ++i) at = theirs[at];
  cluster.sync();
  out[blockIdx.x * 32 + threadIdx.x] = at;
#endif
}

template <class... Parameters, class... Arguments>
bool in_cluster(void (*kernel)(Parameters...), unsigned size, unsigned threads, cudaStream_t stream,
                Arguments... arguments) {
  if (size > 8)
    require(cudaFuncSetAttribute(kernel, cudaFuncAttributeNonPortableClusterSizeAllowed, 1),
            "cluster size");
  cudaLaunchAttribute attribute{};
  attribute.id = cudaLaunchAttributeClusterDimension;
  attribute.val.clusterDim = {size, 1, 1};
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(size);
  config.blockDim = dim3(threads);
  config.stream = stream;
  config.attrs = &attribute;
  config.numAttrs = 1;
  int clusters = 0;
  if (cudaOccupancyMaxActiveClusters(&clusters, kernel, &config) != cudaSuccess || clusters < 1) {
    cudaGetLastError();  // forgets it
    return false;
  }
  require(cudaLaunchKernelEx(&config, kernel, arguments...), "cluster launch");
  return true;
}

void of_launches(cudaStream_t stream) {
  time_of("kernel launch", repeats, stream, [&] {
    for (int i = 0; i < repeats; ++i) nothing<<<1, 32, 0, stream>>>();
  });
  time_of("launch and wait", repeats, stream, [&] {
    for (int i = 0; i < repeats; ++i) {
      nothing<<<1, 32, 0, stream>>>();
      require(cudaStreamSynchronize(stream), "wait");
    }
  });
  cudaGraph_t graph;
  cudaGraphExec_t executable;
  require(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal), "capture");
  for (int i = 0; i < repeats; ++i) nothing<<<1, 32, 0, stream>>>();
  require(cudaStreamEndCapture(stream, &graph), "capture");
  require(cudaGraphInstantiate(&executable, graph, 0), "graph");
  time_of("graph node", repeats, stream,
          [&] { require(cudaGraphLaunch(executable, stream), "graph launch"); });
}

void of_barriers(const cudaDeviceProp& card, cudaStream_t stream) {
  int count = repeats;
  void* arguments[] = {&count};
  time_of("grid sync, one block of 256 on each SM", count, stream, [&] {
    require(cudaLaunchCooperativeKernel(grid_syncs, card.multiProcessorCount, 256, arguments, 0,
                                        stream),
            "cooperative launch");
  });
  time_of("block barrier, 256 threads", count, stream,
          [&] { block_syncs<<<1, 256, 0, stream>>>(count); });
}

void of_clusters(cudaStream_t stream, float* numbers, int* places) {
  for (const unsigned size : {2u, 4u, 8u, 16u}) {
    const std::string of = " of " + std::to_string(size);
    if (!in_cluster(cluster_barriers, size, 256, stream, 1))
      continue;  // the card has none so large
    time_of("cluster barrier" + of, repeats, stream,
            [&] { in_cluster(cluster_barriers, size, 256, stream, repeats); });
    time_of("write to the next block, barrier and read, cluster" + of, repeats, stream,
            [&] { in_cluster(exchanges, size, 256, stream, repeats, numbers); });
    time_of("read of the next block's shared memory, cluster" + of, repeats, stream,
            [&] { in_cluster(remote_reads, size, 32, stream, repeats, places); });
  }
}

}  // namespace

int main() {
  cudaDeviceProp card{};
  require(cudaGetDeviceProperties(&card, 0), "device");
  cudaStream_t stream;
  require(cudaStreamCreate(&stream), "stream");
  float* numbers;
  int* places;
  require(cudaMalloc(&numbers, 1024 * sizeof(float)), "memory");
  require(cudaMalloc(&places, 16 * 32 * sizeof(int)), "memory");
  of_launches(stream);
  of_barriers(card, stream);
  time_of("shuffle and addition, in a chain", repeats, stream,
          [&] { shuffles<<<1, 32, 0, stream>>>(repeats, numbers); });
  time_of("addition, in a chain", repeats, stream,
          [&] { adds<<<1, 32, 0, stream>>>(repeats, numbers); });
  if (card.major >= 9) of_clusters(stream, numbers, places);
  return 0;
}
