// Product of many rows: y[M, N] (+)= x[M, K] W[N, K]^T (+ bias), where no cuBLASLt is found.
//
// x [M, K] and W [N, K] bf16 row-major, K a multiple of 8; y [M, N] f32, rows y_stride apart; bias [N] f32 or null.
// row_count: in device memory, how many rows there are; what lies beyond is neither read nor written.
//
// A block computes a tile of 128 x 128, eight warps of 64 x 32, over K in steps of 32, three stages of cp.async; rows
// in shared memory are 80 bytes apart, so that ldmatrix reads without conflicts. Blocks that follow one another share
// the columns, whose weights are read from memory once. Bound: the tensor cores from M of about 200 on.
#include "gpu.h"

constexpr int GEMM_TILE = 128, GEMM_STEP = 32, GEMM_STAGES = 3, GEMM_THREADS = 256;
constexpr int GEMM_STRIDE = GEMM_STEP + 8;
constexpr int GEMM_STAGE = 2 * GEMM_TILE * GEMM_STRIDE; // elements: rows of x, then of W

// Brings a step of 128 rows of x and of W; zeros where there are none.
DEVICE void gemm_stage(bf16* stage, const bf16* x, const bf16* w, int rows, int m0, int n, int n0, int k, int k0) {
  for (int i = threadIdx.x; i < 2 * GEMM_TILE * (GEMM_STEP / 8); i += GEMM_THREADS) {
    int row = i / (GEMM_STEP / 8), column = i % (GEMM_STEP / 8) * 8;
    bool isWeight = row >= GEMM_TILE;
    int line = isWeight ? n0 + row - GEMM_TILE : m0 + row;
    bool valid = line < (isWeight ? n : rows) && k0 + column < k;
    const bf16* from = isWeight ? w : x;
    cp_async16(stage + row * GEMM_STRIDE + column, valid ? from + (long long)line * k + k0 + column : from,
               valid ? 16 : 0);
  }
}

// launch: grid (ceil(max rows / 128), ceil(n / 128)), block 256, shared 61440
KERNEL __launch_bounds__(GEMM_THREADS, 1) gemm(const bf16* weight, const bf16* x, const float* bias, float* y,
                                               const int* row_count, int n, int k, int y_stride, int accumulate) {
  DYN_SHARED(bf16, stages);
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warpRow = warp / 4 * 64, warpColumn = warp % 4 * 32;
  const int rows = *row_count, m0 = blockIdx.x * GEMM_TILE, n0 = blockIdx.y * GEMM_TILE;
  if (m0 >= rows) return;
  const int steps = (k + GEMM_STEP - 1) / GEMM_STEP;
  auto load = [&](int step) {
    if (step < steps) {
      gemm_stage(stages + step % GEMM_STAGES * GEMM_STAGE, x, weight, rows, m0, n, n0, k, step * GEMM_STEP);
    }
    cp_commit();
  };
  load(0);
  load(1);
  float sum[4][4][4] = {};
#pragma unroll 1
  for (int step = 0; step < steps; ++step) {
    cp_wait<1>();
    __syncthreads(); // the step is there, and nobody reads the stage that is filled next
    load(step + 2);
    const bf16* stage = stages + step % GEMM_STAGES * GEMM_STAGE;
    const bf16* rowOf = stage + (warpRow + lane % 16) * GEMM_STRIDE + lane / 16 * 8;
    const bf16* columnOf = stage + (GEMM_TILE + warpColumn + lane % 8 + lane / 16 * 8) * GEMM_STRIDE + lane / 8 % 2 * 8;
#pragma unroll
    for (int half = 0; half < GEMM_STEP / 16; ++half) {
      uint32_t a[4][4], b[2][4];
#pragma unroll
      for (int i = 0; i < 4; ++i) ldmatrix_x4(a[i], rowOf, (i * 16 * GEMM_STRIDE + half * 16) * 2);
#pragma unroll
      for (int j = 0; j < 2; ++j) ldmatrix_x4(b[j], columnOf, (j * 16 * GEMM_STRIDE + half * 16) * 2);
#pragma unroll
      for (int i = 0; i < 4; ++i) {
#pragma unroll
        for (int j = 0; j < 4; ++j) mma_m16n8k16<bf16>(sum[i][j], a[i], b[j / 2] + j % 2 * 2);
      }
    }
  }
  cp_wait<0>();
  const int g = lane / 4, q = lane % 4 * 2;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
#pragma unroll
    for (int j = 0; j < 4; ++j) {
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        int row = m0 + warpRow + i * 16 + g + e / 2 * 8, column = n0 + warpColumn + j * 8 + q + e % 2;
        if (row >= rows || column >= n) continue;
        float* to = y + (long long)row * y_stride + column;
        *to = sum[i][j][e] + (bias ? bias[column] : 0) + (accumulate ? *to : 0);
      }
    }
  }
}
EXPORT_KERNEL(gemm)
