// Weights from a file's layout into panels. Baseline instructions only; runs once, at load.
#include "kernels.h"

#include <string.h>

#include "panel.h"

static int64_t stored_bytes(int type, int64_t k) {
  switch (type) {
    case F32: return k * 4;
    case F16:
    case BF16: return k * 2;
    case Q8_0: return k / 32 * 34;
    case Q4_0: return k / 32 * 18;
    case Q4_1: return k / 32 * 20;
    case Q5_0: return k / 32 * 22;
    case Q5_1: return k / 32 * 24;
    case Q4_K: return k / 256 * 144;
    case Q5_K: return k / 256 * 176;
    default: return k / 256 * 210;  // Q6_K
  }
}

int64_t baton_panel_bytes(int32_t type, int64_t k) { return panel_bytes(type, k); }

static void put16(uint8_t *at, const uint8_t *half) { memcpy(at, half, 2); }

static void put_eight_bits(uint8_t *block, int row, const int8_t q[32]) {
  for (int pair = 0; pair < 16; pair++) memcpy(block + pair * 32 + row * 2, q + 2 * pair, 2);
}

static void put_nibbles(uint8_t *block, int row, const uint8_t q[32]) {
  for (int z = 0; z < 4; z++) {
    for (int c = 0; c < 2; c++) {
      uint16_t word = 0;
      for (int j = 0; j < 4; j++) word |= (uint16_t)(q[2 * (4 * z + j) + c] << (4 * j));
      memcpy(block + z * 64 + row * 4 + c * 2, &word, 2);
    }
  }
}

static void unpack_nibbles(const uint8_t *nibbles, uint8_t q[32]) {
  for (int j = 0; j < 16; j++) {
    q[j] = nibbles[j] & 15;
    q[j + 16] = nibbles[j] >> 4;
  }
}

static void unpack_fives(const uint8_t *fifths, int offset, int8_t q[32]) {
  uint8_t four[32];
  uint32_t bits;
  memcpy(&bits, fifths, 4);
  unpack_nibbles(fifths + 4, four);
  for (int j = 0; j < 32; j++) q[j] = (int8_t)((four[j] | (bits >> j & 1) << 4) - offset);
}

// One stored block of 32 columns of one row: scale, minimum and quants.
static void put_block(int type, const uint8_t *stored, uint8_t *scales, uint8_t *quants, int row) {
  int8_t eight[32];
  uint8_t four[32];
  put16(scales + row * 2, stored);
  if (has_minimum(type)) put16(scales + 32 + row * 2, stored + 2);
  switch (type) {
    case Q8_0: put_eight_bits(quants, row, (const int8_t *)stored + 2); break;
    case Q5_0:
      unpack_fives(stored + 2, 16, eight);
      put_eight_bits(quants, row, eight);
      break;
    case Q5_1:
      unpack_fives(stored + 4, 0, eight);
      put_eight_bits(quants, row, eight);
      break;
    default:
      unpack_nibbles(stored + (type == Q4_1 ? 4 : 2), four);
      put_nibbles(quants, row, four);
  }
}

static uint8_t scale_k(const uint8_t *s, int run) {
  return run < 4 ? s[run] & 63 : (uint8_t)((s[run + 4] & 15) | (s[run - 4] >> 6) << 4);
}

static uint8_t minimum_k(const uint8_t *s, int run) {
  return run < 4 ? s[run + 4] & 63 : (uint8_t)(s[run + 4] >> 4 | (s[run] >> 6) << 4);
}

static void put_super_k(int type, const uint8_t *stored, uint8_t *supers, uint8_t *scales, uint8_t *quants, int row) {
  put16(supers + row * 2, stored);
  put16(supers + 32 + row * 2, stored + 2);
  for (int run = 0; run < 8; run++) {
    scales[run * 32 + row] = scale_k(stored + 4, run);
    scales[run * 32 + 16 + row] = minimum_k(stored + 4, run);
    const uint8_t *nibbles = stored + (type == Q4_K ? 16 : 48) + run / 2 * 32;
    uint8_t four[32];
    int8_t five[32];
    for (int j = 0; j < 32; j++) {
      four[j] = nibbles[j] >> run % 2 * 4 & 15;
      if (type == Q5_K) five[j] = (int8_t)(four[j] | (stored[16 + j] >> run & 1) << 4);
    }
    if (type == Q4_K) put_nibbles(quants + run * 256, row, four);
    else put_eight_bits(quants + run * 512, row, five);
  }
}

static void put_super_six(const uint8_t *stored, uint8_t *supers, uint8_t *scales, uint8_t *quants, int row) {
  put16(supers + row * 2, stored + 208);
  for (int run = 0; run < 8; run++) {
    const uint8_t *nibbles = stored + run / 4 * 64 + run % 2 * 32;
    const uint8_t *pairs = stored + 128 + run / 4 * 32;
    int8_t six[32];
    for (int j = 0; j < 32; j++) {
      int low = nibbles[j] >> run % 4 / 2 * 4 & 15;
      int high = pairs[j] >> run % 4 * 2 & 3;
      six[j] = (int8_t)((low | high << 4) - 32);
    }
    put_eight_bits(quants + run * 512, row, six);
    for (int half = 0; half < 2; half++) scales[run * 32 + half * 16 + row] = stored[192 + run * 2 + half];
  }
}

static void put_plain(int type, const uint8_t *stored, uint8_t *panel, int64_t k, int row) {
  if (type == F32) {
    for (int64_t i = 0; i < k; i++) memcpy(panel + (i * PANEL + row) * 4, stored + i * 4, 4);
  } else {
    for (int64_t i = 0; i < k; i++) memcpy(panel + (i * PANEL + row) * 2, stored + i * 2, 2);
  }
}

static void put_row(int type, const uint8_t *stored, uint8_t *panel, int64_t k, int row) {
  uint8_t *scales = panel + scales_at(type, k);
  uint8_t *quants = panel + quants_at(type, k);
  if (is_plain(type)) {
    put_plain(type, stored, panel, k, row);
  } else if (has_supers(type)) {
    int64_t bytes = stored_bytes(type, 256);
    for (int64_t b = 0; b < k / 256; b++) {
      uint8_t *to = quants + b * 8 * quant_bytes(type);
      if (type == Q6_K) put_super_six(stored + b * bytes, panel + b * 32, scales + b * 256, to, row);
      else put_super_k(type, stored + b * bytes, panel + b * 64, scales + b * 256, to, row);
    }
  } else {
    int64_t bytes = stored_bytes(type, 32);
    for (int64_t b = 0; b < k / 32; b++) {
      put_block(type, stored + b * bytes, scales + b * scale_bytes(type), quants + b * quant_bytes(type), row);
    }
  }
}

void baton_pack(int32_t type, const void *rows, int64_t n, int64_t k, int64_t from, int64_t to, void *panels) {
  for (int64_t p = from; p < to; p++) {
    uint8_t *panel = (uint8_t *)panels + p * panel_bytes(type, k);
    if ((p + 1) * PANEL > n) memset(panel, 0, (size_t)panel_bytes(type, k));
    for (int row = 0; row < PANEL && p * PANEL + row < n; row++) {
      put_row(type, (const uint8_t *)rows + (p * PANEL + row) * stored_bytes(type, k), panel, k, row);
    }
  }
}
