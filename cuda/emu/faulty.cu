// Kernels with one planted fault each, to show that the stand-in finds it, and their sound twins.
#include "gpu.h"

// out[i] = (i + 33) % n, through shared memory. Grid 1, block n = 128.
KERNEL through_shared(float* out) {
  SHARED(float, s, 128);
  s[threadIdx.x] = float(threadIdx.x);
  __syncthreads();
  out[threadIdx.x] = s[(threadIdx.x + 33) % 128];
}
EXPORT_KERNEL(through_shared)

// Fault: no barrier between write and read.
KERNEL missing_barrier(float* out) {
  SHARED(float, s, 128);
  s[threadIdx.x] = float(threadIdx.x);
  out[threadIdx.x] = s[(threadIdx.x + 33) % 128];
}
EXPORT_KERNEL(missing_barrier)

// Fault: leans on the lanes of a warp running in step.
KERNEL missing_syncwarp(float* out) {
  SHARED(float, s, 32);
  s[threadIdx.x] = float(threadIdx.x);
  out[threadIdx.x] = s[31 - threadIdx.x];
}
EXPORT_KERNEL(missing_syncwarp)

// Fault: reads shared memory that nobody wrote.
KERNEL uninitialised_shared(float* out) {
  DYN_SHARED(float, s);
  if (threadIdx.x > 0) s[threadIdx.x] = 0;
  __syncthreads();
  out[threadIdx.x] = s[threadIdx.x];
}
EXPORT_KERNEL(uninitialised_shared)

// out = in, 16 bytes a thread, by cp.async. Grid 1, block 128.
KERNEL async_copy(const uint4* in, uint4* out) {
  SHARED(uint4, s, 128);
  cp_async16(&s[threadIdx.x], in + threadIdx.x);
  cp_commit();
  cp_wait<0>();
  out[threadIdx.x] = s[threadIdx.x];
}
EXPORT_KERNEL(async_copy)

// Fault: waits for the copy after reading it.
KERNEL missing_wait(const uint4* in, uint4* out) {
  SHARED(uint4, s, 128);
  cp_async16(&s[threadIdx.x], in + threadIdx.x);
  cp_commit();
  __syncthreads();
  out[threadIdx.x] = s[threadIdx.x];
  cp_wait<0>();
}
EXPORT_KERNEL(missing_wait)

// Fault: some threads pass one barrier more than others.
KERNEL diverging_barrier(float* out) {
  if (threadIdx.x < 40) __syncthreads();
  out[threadIdx.x] = 1;
  __syncthreads();
  __syncwarp();
  if (threadIdx.x >= 40) __syncthreads();
}
EXPORT_KERNEL(diverging_barrier)

// Fault: half of a warp shuffles.
KERNEL partial_mask(int* out) {
  if (threadIdx.x < 16) out[threadIdx.x] = __shfl_xor_sync(0x0000ffffu, int(threadIdx.x), 1);
  __syncwarp();
}
EXPORT_KERNEL(partial_mask)

// out[index] = 1: an index beyond the allocation is the fault.
KERNEL write_at(float* out, long long index) { out[index + threadIdx.x] = 1; }
EXPORT_KERNEL(write_at)

// Fault: writes one element behind the dynamic shared memory it was given.
KERNEL shared_overrun(float* out, int count) {
  DYN_SHARED(float, s);
  s[count] = 1;
  out[0] = s[count];
}
EXPORT_KERNEL(shared_overrun)

// Sum of x by blocks; the last block to finish adds the partial sums. ticket starts at zero.
KERNEL last_block_reduces(const float* x, float* partial, int* ticket, float* out, int n) {
  SHARED(int, last, 1);
  float sum = 0;
  for (int i = int(blockIdx.x * blockDim.x + threadIdx.x); i < n; i += int(gridDim.x * blockDim.x)) sum += x[i];
  for (int bit = 16; bit; bit >>= 1) sum += __shfl_xor_sync(FULL_WARP, sum, bit);
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = sum;
    __threadfence();
    *last = atomicAdd(ticket, 1) == int(gridDim.x) - 1;
  }
  __syncthreads();
  if (*last && threadIdx.x == 0) {
    float total = 0;
    for (unsigned b = 0; b < gridDim.x; ++b) total += partial[b];
    out[0] = total;
  }
}
EXPORT_KERNEL(last_block_reduces)

// c[16, 8] = a[16, 16] b[8, 16]^T in bf16, through ldmatrix and mma; cTransposed reads bTransposed[16, 8] with the
// transposing load.
KERNEL one_tile(const bf16* a, const bf16* b, const bf16* bTransposed, float* c, float* cTransposed) {
  SHARED(bf16, sa, 16 * 24); // rows padded to 24 so that eight rows fall into unlike banks
  SHARED(bf16, sb, 16 * 24);
  SHARED(bf16, st, 16 * 24);
  int lane = int(threadIdx.x);
  for (int i = lane; i < 256; i += 32) sa[i / 16 * 24 + i % 16] = a[i];
  for (int i = lane; i < 256; i += 32) sb[i / 16 * 24 + i % 16] = i < 128 ? b[i] : from_float<bf16>(0);
  for (int i = lane; i < 256; i += 32) {
    st[i / 16 * 24 + i % 16] = i % 16 < 8 ? bTransposed[i / 16 * 8 + i % 16] : from_float<bf16>(0);
  }
  __syncwarp();
  uint32_t ra[4], rb[4], rt[4];
  ldmatrix_x4(ra, sa + lane % 16 * 24 + lane / 16 * 8);
  ldmatrix_x4(rb, sb + (lane % 8 + lane / 16 * 8) * 24 + lane / 8 % 2 * 8);
  ldmatrix_x4_trans(rt, st + lane % 16 * 24 + lane / 16 * 8);
  float sums[4] = {}, sumsTransposed[4] = {};
  mma_m16n8k16<bf16>(sums, ra, rb);
  mma_m16n8k16<bf16>(sumsTransposed, ra, rt);
  for (int i = 0; i < 4; ++i) {
    int row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
    c[row * 8 + column] = sums[i];
    cTransposed[row * 8 + column] = sumsTransposed[i];
  }
}
EXPORT_KERNEL(one_tile)
