// Products with AMX tiles in bf16, for more than a few rows of quantised weights; what is left goes to AVX-512.
//
// Weights are expanded to bf16 tiles, [16 pairs of columns][16 outputs][2], which is a panel's own order; activations
// are rounded to bf16 rows. Sums are f32, in tiles. Error about 2.4e-3 relative (bf16 has 8 bits), where the AVX-512
// kernels have 1.4e-5. Two panels by two blocks of 16 rows are four sums, fed by four tiles.
//
// Implementation note. Tiles are configured and released within each call: an idle thread must not carry 8 KB of tile
// state through context switches. gcc 12 declares 8 of the 64 bytes of a configuration as read and drops the stores
// of the others: the empty asm keeps them.
#include "kernels.h"

#include <string.h>

#include "simd512.h"

#include "panel.h"
#include "weights.inc"

#define FEW_ROWS 4      // int16 on AVX-512 is as fast, and nearly exact
#define CHUNK 512        // columns whose expanded weights stay in the L1 cache
#define BLOCK_ROWS 256   // whose activations stay in the L2 cache
#define PADDING 32       // columns behind a row, or rows would compete for the same cache sets
#define AHEAD 2048       // bytes that weights are fetched ahead

#define MIN(a, b) ((a) < (b) ? (a) : (b))

typedef uint16_t brain;

static int uses_tiles(int type, int64_t rows) { return !is_plain(type) && rows > FEW_ROWS; }

static int64_t padded_to_tiles(int64_t rows) { return (rows + 31) & -32; }

int64_t baton_amx_input_bytes(int32_t type, int64_t rows, int64_t k) {
  int64_t tiles = padded_to_tiles(rows) * (k + PADDING) * 2;
  int64_t words = baton_avx512_input_bytes(type, rows, k);
  return tiles > words ? tiles : words;
}

int64_t baton_amx_input_units(int32_t type, int64_t rows, int64_t k) {
  return uses_tiles(type, rows) ? padded_to_tiles(rows) : baton_avx512_input_units(type, rows, k);
}

void baton_amx_pack_input(int32_t type, const float *x, int64_t ldx, int64_t rows, int64_t k, int64_t from, int64_t to,
                          void *input) {
  if (!uses_tiles(type, rows)) {
    baton_avx512_pack_input(type, x, ldx, rows, k, from, to, input);
    return;
  }
  for (int64_t row = from; row < to; row++) {
    brain *out = (brain *)input + row * (k + PADDING);
    if (row >= rows) {
      memset(out, 0, (size_t)k * 2);
      continue;
    }
    for (int64_t i = 0; i < k; i += BLOCK) {
      const float *p = x + row * ldx + i;
      _mm512_storeu_si512(out + i, (__m512i)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(p + 16), _mm512_loadu_ps(p)));
    }
  }
}

typedef struct {
  uint8_t palette, start_row, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} tile_configuration;

// Tiles 0 to 3 sums, 4 and 5 activations, 6 and 7 weights, all of 16 rows of 64 bytes.
static void configure_tiles(void) {
  tile_configuration c __attribute__((aligned(64)));
  memset(&c, 0, sizeof c);
  c.palette = 1;
  for (int i = 0; i < 8; i++) {
    c.row_bytes[i] = 64;
    c.rows[i] = 16;
  }
  __asm__ volatile("" ::"r"(&c) : "memory");
  _tile_loadconfig(&c);
}

// Block b of a panel as a bf16 tile.
INLINE void expand(int type, const uint8_t *panel, int64_t k, int64_t b, brain *tile) {
  const uint8_t *scales = panel + scales_at(type, k);
  const uint8_t *block = panel + quants_at(type, k) + b * quant_bytes(type);
  for (int64_t i = 0; i < quant_bytes(type); i += 64) _mm_prefetch((const char *)block + AHEAD + i, _MM_HINT_T0);
  floats minimum = has_minimum(type) ? minimum_of(type, panel, scales, 0, b) : f_zero();
  for (int z = 0; z < 4; z++) {
    floats scale = scale_of(type, panel, scales, 0, b, z / 2);
    EACH(j, 4) {
      ints q = quants(type, block, 0, z, j);
      floats even = f_of(_mm512_srai_epi32(_mm512_slli_epi32(q, 16), 16));
      floats odd = f_of(_mm512_srai_epi32(q, 16));
      __m512i low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(f_fma(even, scale, minimum)));
      __m512i high = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(f_fma(odd, scale, minimum)));
      _mm512_store_si512(tile + (z * 4 + j) * 32, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
    }
  }
}

// sums[32][32] += x[32 rows][count blocks] times two panels' tiles.
static void add_tiles(const brain *x, int64_t row_bytes, const brain *first, const brain *second, int count,
                      float *sums) {
  _tile_loadd(0, sums, 128);
  _tile_loadd(1, sums + 16, 128);
  _tile_loadd(2, sums + 512, 128);
  _tile_loadd(3, sums + 528, 128);
  for (int b = 0; b < count; b++) {
    _tile_loadd(4, x + b * BLOCK, row_bytes);
    _tile_loadd(6, first + b * 512, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, second + b * 512, 64);
    _tile_dpbf16ps(1, 4, 7);
    _tile_loadd(5, (const char *)(x + b * BLOCK) + 16 * row_bytes, row_bytes);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, sums, 128);
  _tile_stored(1, sums + 16, 128);
  _tile_stored(2, sums + 512, 128);
  _tile_stored(3, sums + 528, 128);
}

// Outputs [n, n + 32) of up to BLOCK_ROWS rows; the second panel repeats the first where there is none.
INLINE void two_panels(int type, const uint8_t *first, const uint8_t *second, int64_t k, const brain *x, int64_t rows,
                       float *sums, brain *weights) {
  int64_t row_bytes = (k + PADDING) * 2;
  memset(sums, 0, (size_t)padded_to_tiles(rows) * 128);
  for (int64_t column = 0; column < k; column += CHUNK) {
    int count = (int)(MIN(CHUNK, k - column) / BLOCK);
    for (int b = 0; b < count; b++) {
      expand(type, first, k, column / BLOCK + b, weights + b * 512);
      expand(type, second, k, column / BLOCK + b, weights + (CHUNK / BLOCK + b) * 512);
    }
    for (int64_t row = 0; row < rows; row += 32) {
      add_tiles(x + row * (k + PADDING) + column, row_bytes, weights, weights + CHUNK * 16, count, sums + row * 32);
    }
  }
}

INLINE void panels_of(int type, const uint8_t *panels, int64_t n, int64_t k, const brain *x, int64_t rows,
                      int64_t from, int64_t to, float *y, int64_t ldy) {
  float sums[BLOCK_ROWS * 32] __attribute__((aligned(64)));
  brain weights[CHUNK * 32] __attribute__((aligned(64)));
  for (int64_t block = 0; block < rows; block += BLOCK_ROWS) {
    int64_t own = MIN(BLOCK_ROWS, rows - block);
    for (int64_t p = from; p < to; p += 2) {
      const uint8_t *first = panels + p * panel_bytes(type, k);
      const uint8_t *second = p + 1 < to ? first + panel_bytes(type, k) : first;
      two_panels(type, first, second, k, x + block * (k + PADDING), own, sums, weights);
      for (int half = 0; half < (p + 1 < to ? 2 : 1); half++) {
        int64_t output = (p + half) * PANEL;
        int count = (int)MIN(PANEL, n - output);
        for (int64_t row = 0; row < own; row++) {
          f_store_some(y + (block + row) * ldy + output, f_load(sums + row * 32 + half * 16), count);
        }
      }
    }
  }
}

void baton_amx_product(int32_t type, const void *panels, int64_t n, int64_t k, const void *input, int64_t rows,
                       int64_t from, int64_t to, float *y, int64_t ldy) {
  if (!uses_tiles(type, rows)) {
    baton_avx512_product(type, panels, n, k, input, rows, from, to, y, ldy);
    return;
  }
  configure_tiles();
  switch (type) {
    case Q5_0:
    case Q8_0: panels_of(Q8_0, panels, n, k, input, rows, from, to, y, ldy); break;
    case Q4_0: panels_of(Q4_0, panels, n, k, input, rows, from, to, y, ldy); break;
    case Q4_1: panels_of(Q4_1, panels, n, k, input, rows, from, to, y, ldy); break;
    case Q5_1: panels_of(Q5_1, panels, n, k, input, rows, from, to, y, ldy); break;
    case Q4_K: panels_of(Q4_K, panels, n, k, input, rows, from, to, y, ldy); break;
    case Q5_K: panels_of(Q5_K, panels, n, k, input, rows, from, to, y, ldy); break;
    default: panels_of(Q6_K, panels, n, k, input, rows, from, to, y, ldy);
  }
  _tile_release();
}

int64_t baton_amx_attention_floats(int64_t capacity, int64_t dim, int64_t padded) {
  return baton_avx512_attention_floats(capacity, dim, padded);
}

void baton_amx_attend(const baton_attention *item, int32_t steps) { baton_avx512_attend(item, steps); }
