// The kernels' tests on a GPU: all memory that the program allocates is managed, so that kernels reach the tests'
// vectors. One test is one translation unit.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <new>

#include <cuda_runtime.h>

#include "gpu.h"

// Blocks of powers of two from one managed arena, each behind 16 bytes that say which power; freed ones are used again.
namespace managed {
constexpr size_t ARENA = size_t(4) << 30;
constexpr int ORDINARY = -1; // instead of a power
inline char* arena = nullptr;
inline size_t used = 0;
inline void* freed[40];

inline bool starting = false; // what CUDA itself allocates while it makes the arena is ordinary memory

inline void* take(size_t bytes) {
  if (starting) {
    char* block = static_cast<char*>(malloc(bytes + 16));
    *reinterpret_cast<int*>(block) = ORDINARY;
    return block + 16;
  }
  int power = 5;
  while ((size_t(1) << power) < bytes + 16) ++power;
  if (void* block = freed[power]) {
    freed[power] = *static_cast<void**>(block);
    return block;
  }
  if (!arena) {
    starting = true;
    if (cudaMallocManaged(&arena, ARENA) != cudaSuccess) fputs("no managed memory: is there a GPU?\n", stderr), exit(2);
    starting = false;
  }
  if (used + (size_t(1) << power) > ARENA) fputs("the tests' arena is used up\n", stderr), exit(2);
  char* block = arena + used;
  used += size_t(1) << power;
  *reinterpret_cast<int*>(block) = power;
  return block + 16;
}
inline void give_back(void* block) {
  if (!block) return;
  int power = *reinterpret_cast<int*>(static_cast<char*>(block) - 16);
  if (power == ORDINARY) return free(static_cast<char*>(block) - 16);
  *static_cast<void**>(block) = freed[power];
  freed[power] = block;
}
} // namespace managed

#pragma nv_diag_suppress 20011, 20014 // nvcc takes them for functions of the device, too
void* operator new(size_t bytes) { return managed::take(bytes); }
void operator delete(void* block) noexcept { managed::give_back(block); }
void operator delete(void* block, size_t) noexcept { managed::give_back(block); }

template <class... A, class... B>
inline const char* launch_and_wait(void (*kernel)(A...), dim3 grid, dim3 block, size_t sharedBytes, uint64_t,
                                   B... arguments) {
  if (sharedBytes > 48 << 10)
    cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(sharedBytes));
  kernel<<<grid, block, sharedBytes>>>(A(arguments)...);
  cudaError_t error = cudaGetLastError();
  if (error == cudaSuccess) error = cudaDeviceSynchronize();
  return error == cudaSuccess ? nullptr : cudaGetErrorString(error);
}
inline void release_device() {}
