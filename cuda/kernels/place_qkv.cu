// Bias, head norm and rotary embedding (arXiv:2104.09864 3.2.2) of a step's queries and keys; writes keys and values
// into their KV blocks.
//
// qkv [rows, (H + 2 K) D] f32: query heads, key heads, value heads; bias [(H + 2 K) D] f32 or null; query_norm and
// key_norm [D] f32 or null (qwen3: RMS norm of each head before it turns); cosines, sines [positions, D / 2] f32,
// scaling and frequency divisors in them; positions [rows] i32; slots [rows] i32: block * block_tokens + place; halves:
// pairs are (i, i + D / 2), else (2 i, 2 i + 1). queries [rows, H, D] T; kv: this layer's part of block 0, [K][2: keys,
// values][block_tokens][D] T, the next block block_stride elements on. row_count: rows of this step, in device memory.
// T is bf16 or f16; D even, at most 256.
//
// One warp a head. Bytes moved: 4 in and 2 out an element, the bound.
#include "reduce.h"

constexpr int HEADS_PER_BLOCK = 8;
constexpr int MAX_PAIRS = 4; // a lane's; D / 2 <= 128

template <class T>
DEVICE void place_qkv(const float* qkv, const float* bias, const float* query_norm, const float* key_norm,
                      const float* cosines, const float* sines, const int* positions, const int* slots, T* queries,
                      T* kv, const int* row_count, int heads, int kv_heads, int dim, int block_tokens,
                      long long block_stride, int halves, float epsilon) {
  int row = blockIdx.y, head = blockIdx.x * HEADS_PER_BLOCK + threadIdx.x / 32, lane = threadIdx.x % 32;
  if (row >= *row_count || head >= heads + 2 * kv_heads) return;
  bool isQuery = head < heads, isValue = head >= heads + kv_heads, turned = !isValue;
  int pairs = dim / 2, next = halves ? pairs : 1, step = halves ? 1 : 2; // element i of pair p: p step + i next
  const float* from = qkv + ((long long)row * (heads + 2 * kv_heads) + head) * dim;

  float x[MAX_PAIRS], y[MAX_PAIRS], squares = 0;
#pragma unroll
  for (int i = 0; i < MAX_PAIRS; ++i) {
    int pair = lane + 32 * i;
    if (pair >= pairs) break;
    int at = pair * step;
    x[i] = from[at] + (bias ? bias[head * dim + at] : 0);
    y[i] = from[at + next] + (bias ? bias[head * dim + at + next] : 0);
    squares += x[i] * x[i] + y[i] * y[i];
  }
  const float* norm = isQuery ? query_norm : key_norm;
  float scale = turned && norm ? rsqrtf(warp_sum(squares) / float(dim) + epsilon) : 1;

  T* to;
  if (isQuery) {
    to = queries + ((long long)row * heads + head) * dim;
  } else {
    int kvHead = (head - heads) % kv_heads, block = slots[row] / block_tokens, place = slots[row] % block_tokens;
    to = kv + block * block_stride + ((long long)(kvHead * 2 + isValue) * block_tokens + place) * dim;
  }
#pragma unroll
  for (int i = 0; i < MAX_PAIRS; ++i) {
    int pair = lane + 32 * i;
    if (pair >= pairs) break;
    int at = pair * step;
    float first = x[i], second = y[i];
    if (turned) {
      if (norm) first *= scale * norm[at], second *= scale * norm[at + next];
      float c = cosines[(long long)positions[row] * pairs + pair], s = sines[(long long)positions[row] * pairs + pair];
      float before = first;
      first = before * c - second * s;
      second = before * s + second * c;
    }
    to[at] = from_float<T>(first);
    to[at + next] = from_float<T>(second);
  }
}

#define PLACE_KERNEL(name, T)                                                                                         \
  KERNEL __launch_bounds__(32 * HEADS_PER_BLOCK)                                                                      \
      name(const float* qkv, const float* bias, const float* query_norm, const float* key_norm, const float* cosines, \
           const float* sines, const int* positions, const int* slots, T* queries, T* kv, const int* row_count,       \
           int heads, int kv_heads, int dim, int block_tokens, long long block_stride, int halves, float epsilon) {   \
    place_qkv<T>(qkv, bias, query_norm, key_norm, cosines, sines, positions, slots, queries, kv, row_count, heads,    \
                 kv_heads, dim, block_tokens, block_stride, halves, epsilon);                                         \
  }                                                                                                                   \
  EXPORT_KERNEL(name)

// launch: grid (ceil((heads + 2 kv_heads) / 8), rows of the bucket), block 256, shared 0
PLACE_KERNEL(place_qkv_bf16, bf16)
// launch: grid (ceil((heads + 2 kv_heads) / 8), rows of the bucket), block 256, shared 0
PLACE_KERNEL(place_qkv_f16, f16)
