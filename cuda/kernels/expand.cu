// Weights of any type as bf16 [N, K] row-major, for products of many rows (gemm, cuBLASLt).
//
// weight [N, K] as include/weights.h says; out [rows, K] bf16: rows [first_row, first_row + rows) of it. part 0: the
// values rounded to bf16; part 1: what the rounding left, rounded again, so that two products, added up, are as exact
// as those of linear_* (16 bits of a value) for twice the work. Bytes moved: the weight's and 2 a value, the bound.
#include "weights.h"

// Low and high of a pair of bf16, times a scale, plus a minimum.
DEVICE float2 scaled(uint32_t pair, float scale, float minimum) {
  return make_float2(to_float(bf16{uint16_t(pair)}) * scale + minimum,
                     to_float(bf16{uint16_t(pair >> 16)}) * scale + minimum);
}

// One thread decodes what one lane holds of a piece of a row: 8 columns of each of its groups.
template <class Format>
DEVICE void expand(const void* weight, bf16* out, int rows, int first_row, int n, int k, int part) {
  constexpr int PIECES = Format::PIECES, GROUPS = Format::GROUPS;
  const Matrix<Format> matrix(weight, n, k);
  const long long units = (k + UNIT - 1) / UNIT, index = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  if (index >= rows * units * PIECES * 4) return;
  const int lane = int(index % 4), piece = int(index / 4 % PIECES), unit = int(index / (4 * PIECES) % units);
  const long long row = index / (4 * PIECES * units);
  const typename Format::Piece held = matrix.load(first_row + row, unit, piece, lane);
#pragma unroll
  for (int group = 0; group < GROUPS; ++group) {
    uint32_t v[Format::PARTS][4];
    Format::values(held, group, v);
#pragma unroll
    for (int s = 0; s < 4; ++s) {
      int column = unit * UNIT + (piece * GROUPS + group) * GROUP;
      column += Format::HALVES ? s / 2 * 16 + lane * 4 + s % 2 * 2 : lane * 8 + s * 2;
      if (column >= k) continue;
      float2 pair = scaled(v[0][s], 1, 0);
      if constexpr (Format::SCALED) {
        pair =
            scaled(v[0][s], Format::scale(held, group, s / 2), Format::HAS_MINIMUM ? Format::minimum(held, group) : 0);
      } else if constexpr (Format::PARTS == 2) {
        float2 rest = scaled(v[1][s], 1, 0);
        pair = make_float2(pair.x + rest.x, pair.y + rest.y);
      }
      uint32_t first, rest;
      split(pair.x, pair.y, first, rest);
      *reinterpret_cast<uint32_t*>(out + row * k + column) = part ? rest : first;
    }
  }
}

#define EXPAND_KERNEL(name, Format)                                                          \
  KERNEL __launch_bounds__(256, 2)                                                           \
      name(const void* weight, bf16* out, int rows, int first_row, int n, int k, int part) { \
    expand<Format>(weight, out, rows, first_row, n, k, part);                                \
  }                                                                                          \
  EXPORT_KERNEL(name)

// launch, each of them: grid (ceil(rows * ceil(k / 128) * 4 * pieces / 256)), block 256, shared 0; pieces: 4 for F32,
// F16 and BF16, 2 for Q8_0, 1 for the others
EXPAND_KERNEL(expand_f32, F32)
EXPAND_KERNEL(expand_f16, F16)
EXPAND_KERNEL(expand_bf16, BF16)
EXPAND_KERNEL(expand_q8_0, Q8_0)
EXPAND_KERNEL(expand_q4_0, Q4_0)
EXPAND_KERNEL(expand_q4_1, Q4_1)
EXPAND_KERNEL(expand_q5_0, Q5_0)
EXPAND_KERNEL(expand_q5_1, Q5_1)
EXPAND_KERNEL(expand_q4_k, Q4_K)
EXPAND_KERNEL(expand_q5_k, Q5_K)
EXPAND_KERNEL(expand_q6_k, Q6_K)
