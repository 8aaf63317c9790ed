// What the library exports, called from dev.baton.engine.backend.cpu.NativeLibrary. Sizes and indexes are int64,
// addresses are of memory outside the Java heap; nothing here allocates but baton_allocate, and nothing keeps state.
#pragma once
#include <stdint.h>

#define BATON_API __attribute__((visibility("default")))

// Changes with every signature below; the loader refuses another one.
#define BATON_ABI 2

enum { CAN_AVX2 = 1, CAN_AVX512 = 2, CAN_AMX = 4 };

BATON_API int32_t baton_abi(void);

// Instructions this CPU and operating system offer, as CAN_ bits. Asks the kernel for AMX's tile state, once.
BATON_API int32_t baton_probe(void);

// Zeroed memory in huge pages where the system has them; 0 when it has none left.
BATON_API void *baton_allocate(int64_t bytes);
BATON_API void baton_free(void *address, int64_t bytes);

// Gives a file mapping's pages back; they come from the file again when read. Whole pages inside the range only.
BATON_API void baton_drop(const void *address, int64_t bytes);

// Bytes of a panel of 16 rows of K columns.
BATON_API int64_t baton_panel_bytes(int32_t type, int64_t k);

// Panels [from, to) of a matrix [n, k] in file layout; rows from n on become zeros.
BATON_API void baton_pack(int32_t type, const void *rows, int64_t n, int64_t k, int64_t from, int64_t to, void *panels);

// The kernels; `tier` is one of the CAN_ bits that baton_probe returned.
//
// input_bytes  memory that packed activations of this many rows take
// input_units  pieces into which packing them divides
// pack_input   packs pieces [from, to) of x [rows, k] f32, ldx floats from row to row
// product      y[rows, n] = x W^T for panels [from, to): y f32, ldy floats from row to row, at output 0 of the matrix
BATON_API int64_t baton_input_bytes(int32_t tier, int32_t type, int64_t rows, int64_t k);
BATON_API int64_t baton_input_units(int32_t tier, int32_t type, int64_t rows, int64_t k);
BATON_API void baton_pack_input(int32_t tier, int32_t type, const float *x, int64_t ldx, int64_t rows, int64_t k,
                                int64_t from, int64_t to, void *input);
BATON_API void baton_product(int32_t tier, int32_t type, const void *panels, int64_t n, int64_t k, const void *input,
                             int64_t rows, int64_t from, int64_t to, float *y, int64_t ldy);

// Rows of one KV head and a range of keys, in blocks of
//   keys [dim up to padded][block_tokens] f32, values [block_tokens][padded] f32
typedef struct {
  const float *queries;  // of the first token: this KV head's first query head
  int64_t query_stride;  // floats from token to token
  int64_t tokens, heads; // rows are tokens x query heads
  int64_t dim, padded;   // head size, and as it is stored
  const char *memory;    // block 0
  int64_t block_bytes, head_at, block_tokens;  // head_at: bytes from a block's start to this head's keys
  const int32_t *blocks;
  int64_t from, to, first_visible;  // keys [from, to); the first token sees first_visible of them, each next one more; -1: all
  float *scratch;        // outputs [capacity][padded] | maxima [capacity] | sums [capacity] | working memory
  int64_t capacity;      // rows, a multiple of 12 that is larger than tokens x heads
  float scale;           // 1 / sqrt(dim)
} baton_attention;

enum { ATTEND_BEGIN = 1, ATTEND_END = 2 };

// Floats of scratch for a capacity.
BATON_API int64_t baton_attention_floats(int32_t tier, int64_t capacity, int64_t dim, int64_t padded);

// Carries the rows' attention on over the item's range: BEGIN forgets what was, END normalises the outputs. Maxima and
// sums are of base 2: a row's log-sum-exp is (maximum + log2(sum)) ln 2.
BATON_API void baton_attend(int32_t tier, const baton_attention *item, int32_t steps);

// The same by tier.
#define BATON_TIER(tier)                                                                                              \
  int64_t baton_##tier##_input_bytes(int32_t type, int64_t rows, int64_t k);                                          \
  int64_t baton_##tier##_input_units(int32_t type, int64_t rows, int64_t k);                                          \
  void baton_##tier##_pack_input(int32_t type, const float *x, int64_t ldx, int64_t rows, int64_t k, int64_t from,    \
                                 int64_t to, void *input);                                                            \
  void baton_##tier##_product(int32_t type, const void *panels, int64_t n, int64_t k, const void *input,              \
                              int64_t rows, int64_t from, int64_t to, float *y, int64_t ldy);                         \
  int64_t baton_##tier##_attention_floats(int64_t capacity, int64_t dim, int64_t padded);                             \
  void baton_##tier##_attend(const baton_attention *item, int32_t steps);

BATON_TIER(avx2)
BATON_TIER(avx512)
BATON_TIER(amx)
