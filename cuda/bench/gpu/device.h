// The benchmark's door to a real GPU: memory, launches, times, graphs, by the CUDA runtime. standin/device.h is its
// twin.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include <cuda_runtime.h>

#include "gpu.h"

constexpr bool HAS_GRAPHS = true;
inline cudaStream_t stream;

inline void check(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  fprintf(stderr, "%s: %s\n", what, cudaGetErrorString(error));
  exit(1);
}

struct Device {
  std::string name;
  int multiprocessors;
  double memoryBytes, cacheBytes;
  int sharedPerMultiprocessor;
};
inline Device open_device() {
  cudaDeviceProp p;
  check(cudaGetDeviceProperties(&p, 0), "no GPU");
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "stream");
  size_t free, total;
  check(cudaMemGetInfo(&free, &total), "memory");
  return {p.name, p.multiProcessorCount, double(free), double(p.l2CacheSize), int(p.sharedMemPerMultiprocessor)};
}

template <class T> struct Buffer {
  T* data = nullptr;
  size_t count;
  explicit Buffer(size_t n) : count(n) {
    check(cudaMalloc(&data, (n ? n : 1) * sizeof(T)), "device memory");
    check(cudaMemset(data, 0, n * sizeof(T)), "clear");
  }
  explicit Buffer(const std::vector<T>& values) : Buffer(values.size()) { write(values); }
  Buffer(const Buffer&) = delete;
  ~Buffer() { cudaFree(data); }
  void write(const std::vector<T>& values) {
    check(cudaMemcpy(data, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice), "write");
  }
  std::vector<T> read() const {
    std::vector<T> values(count);
    check(cudaStreamSynchronize(stream), "kernels");
    check(cudaMemcpy(values.data(), data, count * sizeof(T), cudaMemcpyDeviceToHost), "read");
    return values;
  }
};

inline void copy(void* to, const void* from, size_t bytes) {
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream), "copy");
}

template <class T> struct as_given { using type = T; };
template <class... A>
void launch(void (*kernel)(A...), dim3 grid, dim3 block, int shared, typename as_given<A>::type... arguments) {
  if (shared > 48 << 10)
    check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, shared), "shared");
  kernel<<<grid, block, size_t(shared), stream>>>(arguments...);
  check(cudaGetLastError(), "launch");
}

// Seconds that `work` takes on the device.
inline double elapsed(const std::function<void()>& work) {
  static cudaEvent_t from = nullptr, to = nullptr;
  if (!from) check(cudaEventCreate(&from), "event"), check(cudaEventCreate(&to), "event");
  check(cudaEventRecord(from, stream), "event");
  work();
  check(cudaEventRecord(to, stream), "event");
  check(cudaEventSynchronize(to), "kernels");
  float millis;
  check(cudaEventElapsedTime(&millis, from, to), "event");
  return millis / 1000;
}

// The launches of `work`, captured.
struct Graph {
  cudaGraphExec_t exec;
  explicit Graph(const std::function<void()>& work) {
    cudaGraph_t graph;
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "capture");
    work();
    check(cudaStreamEndCapture(stream, &graph), "capture");
    check(cudaGraphInstantiate(&exec, graph, 0), "graph");
    cudaGraphDestroy(graph);
  }
  ~Graph() { cudaGraphExecDestroy(exec); }
  void launch() { check(cudaGraphLaunch(exec, stream), "graph"); }
};
