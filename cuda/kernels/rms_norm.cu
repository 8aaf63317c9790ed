// Adds a block's output to the residual stream and norms it for the next: h = hidden[r] + delta[r] + bias,
// y[i] = h[of i] weight / sqrt(mean(h^2) + epsilon) (arXiv:1910.07467).
//
// hidden [rows, D] f32, rewritten where delta is given; delta [rows, D] f32 or null (a product added to hidden itself);
// bias [D] f32 or null, only with delta; weight [D] f32; y [rows, D] bf16; gather [rows] i32 or null: which row of
// hidden y[i] is of (the logits' rows); not with delta. row_count: rows of y, in device memory.
//
// One block a row; the second walk finds the row in the cache. Bytes moved: 4 D + 2 D a row (8 D more with delta).
#include "reduce.h"

// launch: grid (rows of the bucket), block 256, shared 0
KERNEL __launch_bounds__(256) rms_norm(float* hidden, const float* delta, const float* bias, const float* weight,
                                       bf16* y, const int* gather, const int* row_count, int dim, float epsilon) {
  SHARED(float, scratch, 32);
  int row = blockIdx.x;
  if (row >= *row_count) return;
  float* h = hidden + (long long)(gather ? gather[row] : row) * dim;
  float squares = 0;
  for (int i = threadIdx.x; i < dim; i += 256) {
    float x = h[i];
    if (delta) {
      x += delta[(long long)row * dim + i] + (bias ? bias[i] : 0);
      h[i] = x;
    }
    squares += x * x;
  }
  float scale = rsqrtf(block_sum(squares, scratch) / float(dim) + epsilon);
  for (int i = threadIdx.x; i < dim; i += 256) {
    y[(long long)row * dim + i] = from_float<bf16>(h[i] * scale * weight[i]);
  }
}
EXPORT_KERNEL(rms_norm)
