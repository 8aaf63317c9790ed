// Weight product for few rows: y[M, N] (+)= x[M, K] W[N, K]^T (+ bias), M <= 8 TILES. Instantiated by
// kernels/linear_*.cu.
//
// x [M, K] bf16, K a multiple of 8; W as include/weights.h says; y f32, rows y_stride apart; bias [N] f32 or null.
// partials [splits, 8 TILES, N] f32 and tickets [ceil(N / 64)] i32 (0 before, 0 after) only where gridDim.y > 1.
// row_count: in device memory, how many of the rows are there; what lies beyond is neither read nor written.
//
// grid (ceil(N / 64), splits), block 256, dynamic shared 8 TILES * 1088 (+ 8 TILES * 68 where the format has minima).
//
// A block computes 64 columns of y for all rows: weights are the 16-row operand of mma m16n8k16, rows of x its 8
// columns, so that a step of few sequences wastes little. Each of two warp rows takes 32 weight rows, each of four warp
// columns a unit of 128 k; x is staged 512 k at a time, weights go from memory to registers, one piece ahead. Sums over
// warp columns, then over splits (the last block to arrive adds all), are taken in one order: the bits do not depend on
// the number of rows nor on timing. Bytes moved: the weights once (the bound up to M of about 64), x from L2.
#pragma once
#include "weights.h"

constexpr int LINEAR_ROWS = 64;    // weight rows of a block
constexpr int LINEAR_STEP = 512;   // k staged at a time
constexpr int LINEAR_STRIDE = 544; // of a staged row: 64 bytes more, so that two rows lie in unlike banks
constexpr int LINEAR_THREADS = 256;
constexpr int LINEAR_GROUPS = LINEAR_STEP / GROUP;

// Brings x[0, rows) x [step * 512, ...) to shared memory, zeros around it.
template <int TILES> DEVICE void stage_rows(bf16* staged, const bf16* x, int rows, int k, int step) {
  constexpr int PIECES = LINEAR_STEP / 8;
  for (int i = threadIdx.x; i < 8 * TILES * PIECES; i += LINEAR_THREADS) {
    int row = i / PIECES, column = step * LINEAR_STEP + i % PIECES * 8;
    bool valid = row < rows && column < k;
    cp_async16(staged + row * LINEAR_STRIDE + i % PIECES * 8, valid ? x + (long long)row * k + column : x,
               valid ? 16 : 0);
  }
  cp_commit();
}

// Sums of each group of 32 staged values, which a format's minima multiply. sums [8 TILES][17]
template <int TILES> DEVICE void sum_groups(float* sums, const bf16* staged) {
  for (int i = threadIdx.x; i < 8 * TILES * LINEAR_GROUPS; i += LINEAR_THREADS) {
    int row = i / LINEAR_GROUPS, group = i % LINEAR_GROUPS;
    float sum = 0;
    for (int j = 0; j < GROUP; ++j) sum += to_float(staged[row * LINEAR_STRIDE + group * GROUP + j]);
    sums[row * (LINEAR_GROUPS + 1) + group] = sum;
  }
}

// The two operands of a tile of 8 rows for the two mma of a group.
template <class Format> DEVICE void activations(uint32_t b[4], const bf16* staged, int lane) {
  if (Format::HALVES) {
    const uint2 first = *reinterpret_cast<const uint2*>(staged + lane * 4);
    const uint2 second = *reinterpret_cast<const uint2*>(staged + 16 + lane * 4);
    b[0] = first.x, b[1] = first.y, b[2] = second.x, b[3] = second.y;
  } else {
    const uint4 all = *reinterpret_cast<const uint4*>(staged + lane * 8);
    b[0] = all.x, b[1] = all.y, b[2] = all.z, b[3] = all.w;
  }
}

// Adds a group of 32 columns: weights of rows g and g + 8 of two row tiles (pieces[2 t], pieces[2 t + 1]) times all
// rows.
template <class Format, int TILES>
DEVICE void multiply_group(float sum[2][TILES][4], const typename Format::Piece pieces[4], int group,
                           const bf16* staged, const float* sums, int rows) {
  int g = threadIdx.x % 32 / 4, q = threadIdx.x % 4;
  uint32_t v[4][Format::PARTS][4];
#pragma unroll
  for (int i = 0; i < 4; ++i) Format::values(pieces[i], group, v[i]);
#pragma unroll
  for (int tile = 0; tile < TILES; ++tile) {
    if (tile * 8 >= rows) break;
    uint32_t b[4];
    activations<Format>(b, staged + (tile * 8 + g) * LINEAR_STRIDE, q);
#pragma unroll
    for (int t = 0; t < 2; ++t) {
      float block[4] = {};
      float* c = Format::SCALED ? block : sum[t][tile];
#pragma unroll
      for (int half = 0; half < 2; ++half) {
#pragma unroll
        for (int part = 0; part < Format::PARTS; ++part) {
          const uint32_t a[4] = {v[2 * t][part][2 * half], v[2 * t + 1][part][2 * half], v[2 * t][part][2 * half + 1],
                                 v[2 * t + 1][part][2 * half + 1]};
          mma_m16n8k16<bf16>(c, a, b + 2 * half);
        }
        if constexpr (Format::SCALED) {
          if (!Format::HALVES && half == 0) continue;
          float low = Format::scale(pieces[2 * t], group, half), high = Format::scale(pieces[2 * t + 1], group, half);
          sum[t][tile][0] += low * block[0], sum[t][tile][1] += low * block[1];
          sum[t][tile][2] += high * block[2], sum[t][tile][3] += high * block[3];
          block[0] = block[1] = block[2] = block[3] = 0;
        }
      }
      if constexpr (Format::HAS_MINIMUM) {
        const float* of = sums + (tile * 8 + 2 * q) * (LINEAR_GROUPS + 1);
        float low = Format::minimum(pieces[2 * t], group), high = Format::minimum(pieces[2 * t + 1], group);
        sum[t][tile][0] += low * of[0], sum[t][tile][1] += low * of[LINEAR_GROUPS + 1];
        sum[t][tile][2] += high * of[0], sum[t][tile][3] += high * of[LINEAR_GROUPS + 1];
      }
    }
  }
}

template <class Format, int TILES>
DEVICE void linear(const void* weight, const bf16* x, const float* bias, float* y, float* partials, int* tickets,
                   const int* row_count, int n, int k, int y_stride, int accumulate) {
  constexpr int ROWS = 8 * TILES;
  using Piece = typename Format::Piece;
  DYN_SHARED(bf16, staged); // [ROWS][544], later [4 warp columns][ROWS][64] f32
  float* sums = reinterpret_cast<float*>(staged + ROWS * LINEAR_STRIDE);
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, g = lane / 4, q = lane % 4;
  const int warpRow = warp % 2, warpColumn = warp / 2;
  const int rows = min(*row_count, ROWS), n0 = blockIdx.x * LINEAR_ROWS + warpRow * 32;
  const int units = (k + UNIT - 1) / UNIT, steps = (units + 3) / 4;
  const int first = int((long long)steps * blockIdx.y / gridDim.y),
            last = int((long long)steps * (blockIdx.y + 1) / gridDim.y);
  const Matrix<Format> matrix(weight, n, k);

  Piece next[4] = {};
  auto load = [&](int step, int piece) {
    int unit = step * 4 + warpColumn;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      int row = min(n0 + i / 2 * 16 + i % 2 * 8 + g, n - 1);
      next[i] = unit < units ? matrix.load(row, unit, piece, q) : Piece{};
    }
  };
  float sum[2][TILES][4] = {};
  if (first < last) load(first, 0);
  for (int step = first; step < last; ++step) {
    __syncthreads(); // nobody reads the last step's rows any more
    stage_rows<TILES>(staged, x, rows, k, step);
    cp_wait<0>();
    __syncthreads();
    if constexpr (Format::HAS_MINIMUM) {
      sum_groups<TILES>(sums, staged);
      __syncthreads();
    }
#pragma unroll
    for (int piece = 0; piece < Format::PIECES; ++piece) {
      Piece now[4] = {next[0], next[1], next[2], next[3]};
      if (piece + 1 < Format::PIECES) {
        load(step, piece + 1);
      } else if (step + 1 < last) {
        load(step + 1, 0);
      }
#pragma unroll
      for (int i = 0; i < Format::GROUPS; ++i) {
        int group = warpColumn * 4 + piece * Format::GROUPS + i;
        multiply_group<Format, TILES>(sum, now, i, staged + group * GROUP, sums + group, rows);
      }
    }
  }

  __syncthreads();
  float* columns = reinterpret_cast<float*>(staged) + warpColumn * ROWS * LINEAR_ROWS;
#pragma unroll
  for (int t = 0; t < 2; ++t) {
#pragma unroll
    for (int tile = 0; tile < TILES; ++tile) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        columns[(tile * 8 + 2 * q + i % 2) * LINEAR_ROWS + warpRow * 32 + t * 16 + i / 2 * 8 + g] = sum[t][tile][i];
      }
    }
  }
  __syncthreads();

  SHARED(int, isLast, 1);
  const float* parts = reinterpret_cast<const float*>(staged);
  auto store = [&](int row, int column, float value) {
    float* to = y + (long long)row * y_stride + column;
    *to = value + (bias ? bias[column] : 0) + (accumulate ? *to : 0);
  };
  for (int i = threadIdx.x; i < rows * LINEAR_ROWS; i += LINEAR_THREADS) {
    int row = i / LINEAR_ROWS, column = blockIdx.x * LINEAR_ROWS + i % LINEAR_ROWS;
    float value = 0;
    for (int c = 0; c < 4; ++c) value += parts[c * ROWS * LINEAR_ROWS + i];
    if (column >= n) continue;
    if (gridDim.y == 1) {
      store(row, column, value);
    } else {
      partials[((long long)blockIdx.y * ROWS + row) * n + column] = value;
    }
  }
  if (gridDim.y == 1) return;
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) isLast[0] = atomicAdd(&tickets[blockIdx.x], 1) == int(gridDim.y) - 1;
  __syncthreads();
  if (!isLast[0]) return;
  __threadfence();
  for (int i = threadIdx.x; i < rows * LINEAR_ROWS; i += LINEAR_THREADS) {
    int row = i / LINEAR_ROWS, column = blockIdx.x * LINEAR_ROWS + i % LINEAR_ROWS;
    if (column >= n) continue;
    float value = 0;
    for (int split = 0; split < int(gridDim.y); ++split) {
      value += load_shared_l2(&partials[((long long)split * ROWS + row) * n + column]);
    }
    store(row, column, value);
  }
  if (threadIdx.x == 0) tickets[blockIdx.x] = 0;
}

#define LINEAR_KERNEL(name, Format, TILES)                                                                \
  KERNEL __launch_bounds__(LINEAR_THREADS, (TILES) > 1 ? 1 : 2)                                           \
      name(const void* weight, const bf16* x, const float* bias, float* y, float* partials, int* tickets, \
           const int* row_count, int n, int k, int y_stride, int accumulate) {                            \
    linear<Format, TILES>(weight, x, bias, y, partials, tickets, row_count, n, k, y_stride, accumulate);  \
  }                                                                                                       \
  EXPORT_KERNEL(name)
