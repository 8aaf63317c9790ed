// How weights lie for the kernels: panels of 16 rows of a matrix [N, K], side by side for each k, so that one
// vector holds the same columns of 16 outputs.
//
//   panel      supers | scales | quants, each for all of K, or the plain numbers [K][16]
//   supers     Q4_K, Q5_K  [K/256] { d f16[16], m f16[16] }     Q6_K  [K/256] { d f16[16] }
//   scales     Q8_0, Q5_0, Q4_0  [K/32] { d f16[16] }            Q4_1, Q5_1  [K/32] { d f16[16], m f16[16] }
//              Q4_K, Q5_K  [K/32] { s u8[16], t u8[16] }        Q6_K  [K/32] { s int8[2][16] }, one per 16 columns
//   quants     8 bits  [K/32][16 pairs of columns][16 rows][2] int8
//              4 bits  [K/32][4][32 words of 16 bits]: nibble j of word 2 row + c of group z is column 2 (4 z + j) + c
//
// The values are those of dev.baton.engine.tensor.BlockFormats: nothing is rounded.
#pragma once
#include <stdint.h>

#define PANEL 16
#define BLOCK 32

// Numbers of ggml's types, which GGUF files use.
enum weight_type {
  F32 = 0, F16 = 1, Q4_0 = 2, Q4_1 = 3, Q5_0 = 6, Q5_1 = 7, Q8_0 = 8, Q4_K = 12, Q5_K = 13, Q6_K = 14, BF16 = 30
};

static inline int is_plain(int type) { return type == F32 || type == F16 || type == BF16; }

static inline int has_nibbles(int type) { return type == Q4_0 || type == Q4_1 || type == Q4_K; }

static inline int has_supers(int type) { return type == Q4_K || type == Q5_K || type == Q6_K; }

static inline int has_minimum(int type) { return type == Q4_1 || type == Q5_1 || type == Q4_K || type == Q5_K; }

// Bytes of a panel's parts for one block of 32 columns, and of the super scales for 256.
static inline int64_t quant_bytes(int type) { return has_nibbles(type) ? 256 : 512; }

static inline int64_t scale_bytes(int type) { return type == Q4_1 || type == Q5_1 ? 64 : 32; }

static inline int64_t super_bytes(int type) { return type == Q6_K ? 32 : has_supers(type) ? 64 : 0; }

static inline int64_t plain_bytes(int type) { return type == F32 ? 4 : 2; }

static inline int64_t scales_at(int type, int64_t k) { return k / 256 * super_bytes(type); }

static inline int64_t quants_at(int type, int64_t k) {
  return scales_at(type, k) + k / BLOCK * scale_bytes(type);
}

static inline int64_t panel_bytes(int type, int64_t k) {
  return is_plain(type) ? k * PANEL * plain_bytes(type) : quants_at(type, k) + k / BLOCK * quant_bytes(type);
}
