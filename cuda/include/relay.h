// RelayAttention (arXiv:2402.14808) of a whole step in one launch. Instantiated by kernels/relay_attention_*.cu.
//
//   (o, l) = attend(q, K, V):  l = ln sum exp(s),  o = sum exp(s - l) v,  s = scale q k
//   o of a row = sum over its parts exp(l_p - l) o_p,  l = ln sum exp(l_p)
//
// A part of a relayed group is the product of all the group's queries with the system's keys, read once for up to 64
// rows; a part of a request is its own keys, causal; a row that is not relayed has parts that walk the system's keys,
// then its own. Long ranges are split. Which parts there are is the host's plan (include/relay_plan.h): items, sorted
// dearest first, which blocks of a fixed grid take in turn, each for one KV head. A row with one part is written at
// once; of the others the parts go to the workspace, and whoever writes the last one merges them in the order of their
// numbers, so that the bits do not depend on timing.
//
// H query heads, K KV heads, G = H / K, D head dim (a multiple of 8, up to the kernel's padded dim). T is bf16 or f16.
//   queries        [rows, H, D] T           output       [rows, H, D] bf16
//   kv             this layer's part of block 0: [K][2: keys, values][block_tokens][D] T, the next block block_stride
//   on;
//                  block_tokens a power of two, block_stride in elements, a multiple of 8
//   items          [item_count]             block_table  i32, what items point into
//   partial_base   [rows + 1] i32: parts of row r are [partial_base[r], partial_base[r + 1]); a row of one part has
//   none
//                  of these used, so it may have an empty range
//   partial_output [parts, H, D] f32        partial_lse  [parts, H] f32, base 2; both unused where no row has two parts
//   tickets        [rows, K] i32            counters     [2] i32; both 0 before and after a launch
//   item_count     [1] i32; all of items, block_table, partial_base and item_count change from step to step in place,
//   so
//                  that a captured graph need not change
//
// grid: any, best what the device holds at once (two blocks a multiprocessor where shared memory allows); block 128;
// dynamic shared relay_shared_bytes(padded dim).
//
// Four warps share a tile of 64 keys. Few rows (M = tokens x G up to 16, as in decode): each warp takes 16 of the keys;
// up to 32: two by two; more: each warp takes 16 rows and all keys. cp.async brings the next tile while one is
// computed: 32 KiB at D = 128, twice a multiprocessor. Bytes moved: each part's keys and values once (4 K D a key over
// all heads) and 8 H D a partial result; that is the bound until M reaches about 100 rows a tile of a group.
#pragma once
#include "gpu.h"
#include "relay_item.h"

constexpr int RELAY_WARPS = RELAY_THREADS / 32;

template <class T> struct RelayStep {
  const T* queries;
  const T* kv;
  bf16* output;
  const int* block_table;
  const int* partial_base;
  float* partial_output;
  float* partial_lse;
  int* tickets;
  int heads, kv_heads, dim, block_shift;
  long long block_stride;
  float scale_log2; // scale / ln 2, so that exponentials are powers of two
};

// One warp's rows: 16 queries, their running maximum, sum and output over the keys that this warp takes.
template <class T, int DIM> struct WarpState {
  uint32_t q[DIM / 16][4];
  float o[DIM / 8][4];
  float max[2], sum[2]; // of rows g and g + 8; the sum of this lane's columns

  DEVICE void begin(const T* queries) { // [16][DIM + 8]
    const int lane = threadIdx.x % 32;
    const T* row = queries + lane % 16 * (DIM + 8) + lane / 16 * 8;
#pragma unroll
    for (int i = 0; i < DIM / 16; ++i) ldmatrix_x4(q[i], row, i * 32);
#pragma unroll
    for (int i = 0; i < DIM / 8; ++i) o[i][0] = o[i][1] = o[i][2] = o[i][3] = 0;
    max[0] = max[1] = -INFINITY;
    sum[0] = sum[1] = 0;
  }

  // Attends to 16 keys; row g sees those below visible[0], row g + 8 those below visible[1].
  DEVICE void attend(const T* keys, const T* values, const int visible[2], float scale_log2) {
    const int lane = threadIdx.x % 32, column = lane % 4 * 2;
    const T* keyRow = keys + (lane % 8 + lane / 16 * 8) * (DIM + 8) + lane / 8 % 2 * 8;
    const T* valueRow = values + lane % 16 * (DIM + 8) + lane / 16 * 8;
    float s[2][4] = {};
#pragma unroll
    for (int i = 0; i < DIM / 16; ++i) {
      uint32_t k[4];
      ldmatrix_x4(k, keyRow, i * 32);
      mma_m16n8k16<T>(s[0], q[i], k);
      mma_m16n8k16<T>(s[1], q[i], k + 2);
    }
    float highest[2] = {max[0], max[1]};
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      float& score = s[i / 4][i % 4];
      score = i / 4 * 8 + column + i % 2 < visible[i % 4 / 2] ? score * scale_log2 : -INFINITY;
      highest[i % 4 / 2] = fmaxf(highest[i % 4 / 2], score);
    }
    float shrink[2], origin[2];
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      highest[r] = fmaxf(highest[r], __shfl_xor_sync(FULL_WARP, highest[r], 1));
      highest[r] = fmaxf(highest[r], __shfl_xor_sync(FULL_WARP, highest[r], 2));
      origin[r] = highest[r] == -INFINITY ? 0 : highest[r]; // no key seen yet: every weight is 2^-inf
      shrink[r] = exp2_approx(max[r] - origin[r]);
      sum[r] *= shrink[r];
    }
    if (__any_sync(FULL_WARP, highest[0] != max[0] || highest[1] != max[1])) {
#pragma unroll
      for (int i = 0; i < DIM / 8; ++i) {
        o[i][0] *= shrink[0], o[i][1] *= shrink[0], o[i][2] *= shrink[1], o[i][3] *= shrink[1];
      }
    }
    max[0] = highest[0], max[1] = highest[1];
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      float& weight = s[i / 4][i % 4];
      weight = exp2_approx(weight - origin[i % 4 / 2]);
      sum[i % 4 / 2] += weight;
    }
    const uint32_t p[4] = {pack2<T>(s[0][0], s[0][1]), pack2<T>(s[0][2], s[0][3]), pack2<T>(s[1][0], s[1][1]),
                           pack2<T>(s[1][2], s[1][3])};
#pragma unroll
    for (int i = 0; i < DIM / 16; ++i) {
      uint32_t v[4];
      ldmatrix_x4_trans(v, valueRow, i * 32);
      mma_m16n8k16<T>(o[2 * i], p, v);
      mma_m16n8k16<T>(o[2 * i + 1], p, v + 2);
    }
  }

  // Leaves output, maximum and sum in shared memory: output [16][DIM], maximum and sum [16].
  DEVICE void leave(float* output, float* maxima, float* sums) {
    const int lane = threadIdx.x % 32, g = lane / 4, column = lane % 4 * 2;
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      sum[r] += __shfl_xor_sync(FULL_WARP, sum[r], 1);
      sum[r] += __shfl_xor_sync(FULL_WARP, sum[r], 2);
      if (lane % 4 == 0) maxima[g + 8 * r] = max[r], sums[g + 8 * r] = sum[r];
#pragma unroll
      for (int i = 0; i < DIM / 8; ++i) {
        *reinterpret_cast<float2*>(output + (g + 8 * r) * DIM + i * 8 + column) =
            make_float2(o[i][2 * r], o[i][2 * r + 1]);
      }
    }
  }
};

// The keys of one item in tiles: the system's first, then the request's.
struct KeyTiles {
  int system, request; // tiles
  DEVICE KeyTiles(const RelayItem& item)
      : system((item.system_to - item.system_from + RELAY_KEYS - 1) / RELAY_KEYS),
        request((item.request_to - item.request_from + RELAY_KEYS - 1) / RELAY_KEYS) {}
  DEVICE int count() const { return system + request; }
  DEVICE bool is_system(int tile) const { return tile < system; }
  DEVICE int first_key(const RelayItem& item, int tile) const {
    return is_system(tile) ? item.system_from + tile * RELAY_KEYS : item.request_from + (tile - system) * RELAY_KEYS;
  }
};

// Brings a tile's keys and values, [64][DIM + 8] each; zeros where there is none.
template <class T, int DIM>
DEVICE void load_tile(T* keys, T* values, const RelayStep<T>& step, const RelayItem& item, const KeyTiles& tiles,
                      int tile, int kv_head) {
  constexpr int PIECES = DIM / 8;
  const bool isSystem = tiles.is_system(tile);
  const int first = tiles.first_key(item, tile), end = isSystem ? item.system_to : item.request_to;
  const int* table = step.block_table + (isSystem ? item.system_blocks : item.request_blocks);
  const int blockTokens = 1 << step.block_shift;
#pragma unroll 2
  for (int i = threadIdx.x; i < RELAY_KEYS * PIECES; i += RELAY_THREADS) {
    int row = i / PIECES, column = i % PIECES * 8, key = first + row;
    bool valid = key < end && column < step.dim;
    const T* from = step.kv;
    if (valid) {
      from += table[key >> step.block_shift] * step.block_stride +
              ((long long)kv_head * 2 * blockTokens + (key & (blockTokens - 1))) * step.dim + column;
    }
    cp_async16(keys + row * (DIM + 8) + column, from, valid ? 16 : 0);
    cp_async16(values + row * (DIM + 8) + column, valid ? from + blockTokens * step.dim : from, valid ? 16 : 0);
  }
}

// Query row i of an item is head i % G of token i / G.
template <class T, int DIM>
DEVICE void load_queries(T* queries, const RelayStep<T>& step, const RelayItem& item, int kv_head) {
  constexpr int PIECES = DIM / 8;
  const int group = step.heads / step.kv_heads;
#pragma unroll 2
  for (int i = threadIdx.x; i < RELAY_ROWS * PIECES; i += RELAY_THREADS) {
    int row = i / PIECES, column = i % PIECES * 8;
    bool valid = row < item.row_count * group && column < step.dim;
    const T* from = step.queries;
    if (valid) {
      long long token = item.first_row + row / group;
      from += (token * step.heads + kv_head * group + row % group) * step.dim + column;
    }
    cp_async16(queries + row * (DIM + 8) + column, from, valid ? 16 : 0);
  }
}

// Walks all tiles of an item with row_warps warps along the rows and the others along the keys; leaves the state of
// each warp in shared memory: output [warp][16][DIM], maxima and sums [warp][16], warp = keyWarp * row_warps + rowWarp.
template <class T, int DIM>
DEVICE void attend_item(T* shared, const RelayStep<T>& step, const RelayItem& item, int kv_head, int row_warps) {
  constexpr int STRIDE = DIM + 8, TILE = RELAY_KEYS * STRIDE;
  const int warp = threadIdx.x / 32, rowWarp = warp % row_warps, keyWarp = warp / row_warps;
  const int group = step.heads / step.kv_heads, firstRow = rowWarp * 16 + int(threadIdx.x) % 32 / 4;
  const int token[2] = {firstRow / group, (firstRow + 8) / group};
  T* stages = shared + RELAY_ROWS * STRIDE;
  const KeyTiles tiles(item);
  auto load = [&](int tile) {
    T* stage = stages + tile % 2 * 2 * TILE;
    if (tile < tiles.count()) load_tile<T, DIM>(stage, stage + TILE, step, item, tiles, tile, kv_head);
    cp_commit();
  };
  load_queries<T, DIM>(shared, step, item, kv_head);
  load(0); // in one group with the queries
  load(1);
  cp_wait<1>();
  __syncthreads();
  WarpState<T, DIM> state;
  state.begin(shared + rowWarp * 16 * STRIDE);
#pragma unroll 1
  for (int tile = 0; tile < tiles.count(); ++tile) {
    cp_wait<1>();
    __syncthreads();
    const T* keys = stages + tile % 2 * 2 * TILE;
    const int from = tiles.first_key(item, tile);
#pragma unroll 1
    for (int key = keyWarp * 16; key < RELAY_KEYS; key += RELAY_WARPS / row_warps * 16) {
      int visible[2];
#pragma unroll
      for (int r = 0; r < 2; ++r) {
        int end = tiles.is_system(tile) ? item.system_to : min(item.request_to, item.first_visible + token[r]);
        visible[r] = end - from - key;
      }
      state.attend(keys + key * STRIDE, keys + TILE + key * STRIDE, visible, step.scale_log2);
    }
    __syncthreads();
    load(tile + 2);
  }
  cp_wait<0>();
  __syncthreads();
  float* output = reinterpret_cast<float*>(stages);
  float* maxima = output + RELAY_WARPS * 16 * DIM;
  state.leave(output + warp * 16 * DIM, maxima + warp * 16, maxima + (RELAY_WARPS + warp) * 16);
  __syncthreads();
}

// Joins the warps along the keys and writes what the item found, to the output or as a part.
template <class T, int DIM>
DEVICE void write_item(const T* shared, const RelayStep<T>& step, const RelayItem& item, int kv_head, int row_warps) {
  const float* output = reinterpret_cast<const float*>(shared + RELAY_ROWS * (DIM + 8));
  const float* maxima = output + RELAY_WARPS * 16 * DIM;
  const float* sums = maxima + RELAY_WARPS * 16;
  const int group = step.heads / step.kv_heads, keyWarps = RELAY_WARPS / row_warps;
#pragma unroll 1
  for (int i = threadIdx.x; i < item.row_count * group * step.dim; i += RELAY_THREADS) {
    int row = i / step.dim, d = i % step.dim, head = kv_head * group + row % group;
    long long token = item.first_row + row / group;
    float max = -INFINITY, sum = 0, o = 0;
    for (int w = 0; w < keyWarps; ++w) max = fmaxf(max, maxima[w * row_warps * 16 + row]);
    for (int w = 0; w < keyWarps; ++w) {
      int at = w * row_warps * 16 + row;
      float weight = max == -INFINITY ? 0 : exp2_approx(maxima[at] - max);
      sum += weight * sums[at];
      o += weight * output[at * DIM + d];
    }
    o = sum > 0 ? o / sum : 0;
    int base = step.partial_base[token];
    if (step.partial_base[token + 1] - base <= 1) {
      step.output[(token * step.heads + head) * step.dim + d] = from_float<bf16>(o);
    } else {
      long long part = (long long)(base + item.part) * step.heads + head;
      step.partial_output[part * step.dim + d] = o;
      if (d == 0) step.partial_lse[part] = sum > 0 ? max + log2f(sum) : -INFINITY;
    }
  }
}

// Merges the parts of each row whose last part this item was.
template <class T> DEVICE void merge_item(int* isLast, const RelayStep<T>& step, const RelayItem& item, int kv_head) {
  const int group = step.heads / step.kv_heads;
  __threadfence(); // the parts before the tickets
  __syncthreads();
  if (int(threadIdx.x) < item.row_count) {
    int token = item.first_row + int(threadIdx.x), parts = step.partial_base[token + 1] - step.partial_base[token];
    int* ticket = &step.tickets[token * step.kv_heads + kv_head];
    bool last = parts > 1 && atomicAdd(ticket, 1) == parts - 1;
    if (last) *ticket = 0;
    isLast[threadIdx.x] = last;
  }
  __syncthreads();
  __threadfence();
#pragma unroll 1
  for (int i = threadIdx.x; i < item.row_count * group * step.dim; i += RELAY_THREADS) {
    int row = i / step.dim, d = i % step.dim, head = kv_head * group + row % group;
    if (!isLast[row / group]) continue;
    long long token = item.first_row + row / group;
    int begin = step.partial_base[token], end = step.partial_base[token + 1];
    float max = -INFINITY, sum = 0, o = 0;
    for (int p = begin; p < end; ++p)
      max = fmaxf(max, load_shared_l2(&step.partial_lse[(long long)p * step.heads + head]));
    for (int p = begin; p < end && max != -INFINITY; ++p) {
      long long part = (long long)p * step.heads + head;
      float weight = exp2_approx(load_shared_l2(&step.partial_lse[part]) - max);
      sum += weight;
      o += weight * load_shared_l2(&step.partial_output[part * step.dim + d]);
    }
    step.output[(token * step.heads + head) * step.dim + d] = from_float<bf16>(sum > 0 ? o / sum : 0);
  }
}

template <class T, int DIM>
DEVICE void relay_attention(const RelayStep<T>& step, const RelayItem* items, const int* item_count, int* counters) {
  DYN_SHARED(T, shared); // queries [64][DIM + 8]; two stages of keys and values [64][DIM + 8]
  SHARED(int, isLast, RELAY_ROWS);
  SHARED(int, next, 1);
  const int count = *item_count * step.kv_heads;
  for (int work = blockIdx.x; work < count;) {
    const RelayItem item = items[work / step.kv_heads];
    const int kvHead = work % step.kv_heads, rows = item.row_count * (step.heads / step.kv_heads);
    const int rowWarps = rows <= 16 ? 1 : rows <= 32 ? 2 : 4;
    attend_item<T, DIM>(shared, step, item, kvHead, rowWarps);
    if (threadIdx.x == 0) next[0] = int(gridDim.x) + atomicAdd(&counters[0], 1);
    write_item<T, DIM>(shared, step, item, kvHead, rowWarps);
    merge_item<T>(isLast, step, item, kvHead);
    work = next[0];
    __syncthreads();
  }
  if (threadIdx.x == 0 && atomicAdd(&counters[1], 1) == int(gridDim.x) - 1) counters[0] = counters[1] = 0;
}

#define RELAY_KERNEL(name, T, DIM)                                                                                     \
  KERNEL __launch_bounds__(RELAY_THREADS, 2)                                                                           \
      name(const T* queries, const T* kv, bf16* output, const RelayItem* items, const int* item_count,                 \
           const int* block_table, const int* partial_base, float* partial_output, float* partial_lse, int* tickets,   \
           int* counters, int heads, int kv_heads, int dim, int block_shift, long long block_stride, float scale) {    \
    const RelayStep<T> step{queries, kv,    output,   block_table, partial_base, partial_output, partial_lse,          \
                            tickets, heads, kv_heads, dim,         block_shift,  block_stride,   scale * 1.44269504f}; \
    relay_attention<T, DIM>(step, items, item_count, counters);                                                        \
  }                                                                                                                    \
  EXPORT_KERNEL(name)
