// Sums and maxima over the lanes of a warp and the threads of a block.
#pragma once
#include "gpu.h"

DEVICE float warp_sum(float x) {
  for (int bits = 16; bits; bits >>= 1) x += __shfl_xor_sync(FULL_WARP, x, bits);
  return x;
}
DEVICE float warp_max(float x) {
  for (int bits = 16; bits; bits >>= 1) x = fmaxf(x, __shfl_xor_sync(FULL_WARP, x, bits));
  return x;
}

// Sum over all threads of a block of whole warps, the same in each, added in one order whatever the order of warps.
// scratch: shared, [32]; free again after the next barrier.
DEVICE float block_sum(float x, float* scratch) {
  x = warp_sum(x);
  if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = x;
  __syncthreads();
  float sum = 0;
  for (int warp = 0; warp < int(blockDim.x) / 32; ++warp) sum += scratch[warp];
  return sum;
}
