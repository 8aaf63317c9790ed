// The kernels' tests on the stand-in.
#pragma once
#include "gpu.h"

template <class... A, class... B>
inline const char* launch_and_wait(void (*kernel)(A...), dim3 grid, dim3 block, size_t sharedBytes, uint64_t seed,
                                   B... arguments) {
  return emu::launch(kernel, grid, block, sharedBytes, seed, arguments...);
}
inline void release_device() { emu::release_thread(); }
