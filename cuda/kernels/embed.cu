// Looks up the embeddings of a step's tokens: hidden[r] = E[tokens[r]].
//
// table [V, D] as include/weights.h says (it may be the output matrix too); tokens [rows] i32 in [0, V); hidden [rows,
// D] f32; row_count: rows of this step, in device memory. Bytes moved: D of the table's and 4 D a row; latency bound.
#include "weights.h"

template <class Format>
DEVICE void embed(const void* table, const int* tokens, float* hidden, const int* row_count, int vocab, int dim) {
  int row = blockIdx.x;
  if (row >= *row_count) return;
  const Matrix<Format> matrix(table, vocab, dim);
  int token = tokens[row];
  for (int i = threadIdx.x; i < dim; i += blockDim.x) hidden[(long long)row * dim + i] = matrix.element(token, i);
}

#define EMBED_KERNEL(name, Format)                                                                          \
  KERNEL __launch_bounds__(256)                                                                             \
      name(const void* table, const int* tokens, float* hidden, const int* row_count, int vocab, int dim) { \
    embed<Format>(table, tokens, hidden, row_count, vocab, dim);                                            \
  }                                                                                                         \
  EXPORT_KERNEL(name)

// launch, each of them: grid (rows of the bucket), block 256, shared 0
EMBED_KERNEL(embed_f32, F32)
EMBED_KERNEL(embed_f16, F16)
EMBED_KERNEL(embed_bf16, BF16)
EMBED_KERNEL(embed_q8_0, Q8_0)
EMBED_KERNEL(embed_q4_0, Q4_0)
EMBED_KERNEL(embed_q4_1, Q4_1)
EMBED_KERNEL(embed_q5_0, Q5_0)
EMBED_KERNEL(embed_q5_1, Q5_1)
EMBED_KERNEL(embed_q4_k, Q4_K)
EMBED_KERNEL(embed_q5_k, Q5_K)
EMBED_KERNEL(embed_q6_k, Q6_K)
