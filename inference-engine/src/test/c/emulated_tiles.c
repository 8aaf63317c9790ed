// tier_amx.c on a CPU without tiles: AMX's instructions as scalar code, after Intel's manual (SDM volume 2: LDTILECFG,
// TILELOADD, TDPBF16PS, TILESTORED), so that every test machine with AVX-512 runs that tier. A use that the CPU would
// answer with a fault ends the process.
#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TILES = 8, MAX_ROWS = 16, MAX_ROW_BYTES = 64, FLOATS = MAX_ROW_BYTES / 4 };

typedef struct {
  int configured;
  int rows[TILES], row_bytes[TILES];
  uint32_t words[TILES][MAX_ROWS][FLOATS];
} tile_state;

static __thread tile_state state;

static void require(int holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "emulated tiles: %s\n", what);
  abort();
}

static void emulated_loadconfig(const void *from) {
  const uint8_t *c = from;
  memset(&state, 0, sizeof state);
  require(c[0] == 1 && c[1] == 0, "only palette 1, from row 0, is known");
  for (int i = 2; i < 16; i++) require(c[i] == 0, "reserved bytes of a configuration are not zero");
  for (int t = 0; t < TILES; t++) {
    state.row_bytes[t] = c[16 + 2 * t] | c[17 + 2 * t] << 8;
    state.rows[t] = c[48 + t];
    require(state.row_bytes[t] <= MAX_ROW_BYTES && state.rows[t] <= MAX_ROWS, "a tile is larger than 16 rows of 64 bytes");
    require((state.row_bytes[t] == 0) == (state.rows[t] == 0), "a tile has rows or columns, not both");
  }
  for (int i = 32; i < 48; i++) require(c[i] == 0, "palette 1 has eight tiles");
  for (int i = 56; i < 64; i++) require(c[i] == 0, "palette 1 has eight tiles");
  state.configured = 1;
}

static void emulated_release(void) { memset(&state, 0, sizeof state); }

static void usable(int tile) {
  require(state.configured && tile < TILES && state.rows[tile] > 0, "a tile is used that is not configured");
}

static void emulated_loadd(int tile, const void *from, int64_t stride) {
  usable(tile);
  memset(state.words[tile], 0, sizeof state.words[tile]);
  for (int row = 0; row < state.rows[tile]; row++) {
    memcpy(state.words[tile][row], (const char *)from + row * stride, (size_t)state.row_bytes[tile]);
  }
}

static void emulated_stored(int tile, void *to, int64_t stride) {
  usable(tile);
  for (int row = 0; row < state.rows[tile]; row++) {
    memcpy((char *)to + row * stride, state.words[tile][row], (size_t)state.row_bytes[tile]);
  }
}

// A bf16 in the upper half of f32's bits; tiles read denormal numbers as zeros.
static float brain_value(uint32_t bits) {
  float value;
  if ((bits & 0x7f800000u) == 0) bits &= 0x80000000u;
  memcpy(&value, &bits, 4);
  return value;
}

static void emulated_dpbf16ps(int sums, int left, int right) {
  usable(sums);
  usable(left);
  usable(right);
  require(sums != left && sums != right && left != right, "a product of tiles needs three of them");
  int pairs = state.row_bytes[left] / 4;
  int columns = state.row_bytes[sums] / 4;
  require(state.rows[sums] == state.rows[left] && pairs == state.rows[right] && columns == state.row_bytes[right] / 4,
          "shapes of tiles do not fit");
  for (int row = 0; row < state.rows[sums]; row++) {
    for (int column = 0; column < columns; column++) {
      float even = 0;
      float odd = 0;
      for (int pair = 0; pair < pairs; pair++) {
        uint32_t a = state.words[left][row][pair];
        uint32_t b = state.words[right][pair][column];
        even += brain_value(a << 16) * brain_value(b << 16);
        odd += brain_value(a & 0xffff0000u) * brain_value(b & 0xffff0000u);
      }
      float sum;
      memcpy(&sum, &state.words[sums][row][column], 4);
      sum += even + odd;
      memcpy(&state.words[sums][row][column], &sum, 4);
    }
  }
}

// AVX512-BF16's conversions, for CPUs that have AVX-512 without it: to nearest, ties to even, denormals to zero.
static uint16_t rounded(uint32_t bits) {
  if ((bits & 0x7f800000u) == 0) return (uint16_t)(bits >> 16 & 0x8000u);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(bits >> 16 | 0x40u);  // a NaN stays one
  return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

static __m256i emulated_cvtneps(__m512 from) {
  uint32_t bits[16];
  uint16_t brains[16];
  memcpy(bits, &from, 64);
  for (int i = 0; i < 16; i++) brains[i] = rounded(bits[i]);
  __m256i result;
  memcpy(&result, brains, 32);
  return result;
}

static __m512i emulated_cvtne2ps(__m512 high, __m512 low) {
  return _mm512_inserti64x4(_mm512_castsi256_si512(emulated_cvtneps(low)), emulated_cvtneps(high), 1);
}

#undef _tile_loadconfig
#undef _tile_release
#undef _tile_loadd
#undef _tile_stored
#undef _tile_dpbf16ps
#define _tile_loadconfig emulated_loadconfig
#define _tile_release emulated_release
#define _tile_loadd emulated_loadd
#define _tile_stored emulated_stored
#define _tile_dpbf16ps emulated_dpbf16ps
#define _mm512_cvtneps_pbh emulated_cvtneps
#define _mm512_cvtne2ps_pbh emulated_cvtne2ps
#include "tier_amx.c"

// What this machine has, and tiles where AVX-512 is there to feed them.
#define baton_probe probe_of_this_machine
#include "probe.c"
#undef baton_probe

BATON_API int32_t baton_probe(void) {
  int32_t can = probe_of_this_machine();
  return can & CAN_AVX512 ? can | CAN_AMX : can;
}
