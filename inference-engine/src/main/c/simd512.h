// Vectors of 16 floats for product.inc and attention.inc: AVX-512 F, BW, DQ, VL and VNNI.
#pragma once
#include <immintrin.h>
#include <stdint.h>

#define LANES 16
// A tile of products: 24 sums, four vectors of weights and one of activations. One load a cycle feeds two multiply-adds,
// so that tiles of fewer vectors and more rows are slower.
#define TILE_ROWS 6
#define VECTORS 4

typedef __m512 floats;
typedef __m512i ints;

#define INLINE static inline __attribute__((always_inline))

// Loops over a tile are unrolled whole, so that it lives in registers.
#define EACH(i, n) _Pragma("GCC unroll 32") for (int i = 0; i < (n); i++)

INLINE floats f_zero(void) { return _mm512_setzero_ps(); }
INLINE floats f_all(float x) { return _mm512_set1_ps(x); }
INLINE floats f_load(const float *p) { return _mm512_loadu_ps(p); }
INLINE void f_store(float *p, floats x) { _mm512_storeu_ps(p, x); }
INLINE floats f_load_some(const float *p, int n) { return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p); }
INLINE void f_store_some(float *p, floats x, int n) { _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), x); }
INLINE floats f_add(floats a, floats b) { return _mm512_add_ps(a, b); }
INLINE floats f_sub(floats a, floats b) { return _mm512_sub_ps(a, b); }
INLINE floats f_mul(floats a, floats b) { return _mm512_mul_ps(a, b); }
INLINE floats f_fma(floats a, floats b, floats c) { return _mm512_fmadd_ps(a, b, c); }
INLINE floats f_fnma(floats a, floats b, floats c) { return _mm512_fnmadd_ps(a, b, c); }
INLINE floats f_max(floats a, floats b) { return _mm512_max_ps(a, b); }
INLINE float f_largest(floats a) { return _mm512_reduce_max_ps(a); }
INLINE float f_sum(floats a) { return _mm512_reduce_add_ps(a); }
INLINE floats f_halves(const void *p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p)); }
INLINE floats f_brains(const void *p) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p)), 16));
}
INLINE floats f_unsigned_bytes(const void *p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p)));
}
INLINE floats f_signed_bytes(const void *p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p)));
}
INLINE floats f_of(ints x) { return _mm512_cvtepi32_ps(x); }
INLINE ints i_round(floats x) { return _mm512_cvtps_epi32(x); }
INLINE floats f_scale2(floats x, floats exponent) { return _mm512_scalef_ps(x, exponent); }
INLINE floats f_nearest(floats x) { return _mm512_roundscale_ps(x, 8); }

INLINE ints i_zero(void) { return _mm512_setzero_si512(); }
INLINE ints i_all(int32_t x) { return _mm512_set1_epi32(x); }
INLINE ints i_add(ints a, ints b) { return _mm512_add_epi32(a, b); }
// Adds to each 32-bit lane the products of its two 16-bit halves.
// (As an instruction: with the intrinsic gcc 12 spills half of the sums inside the innermost loop.)
INLINE ints i_dot(ints sum, ints a, ints b) {
  __asm__("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
  return sum;
}
INLINE ints i_bytes(const void *p) { return _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)p)); }
// Bits of the largest |x| as an integer: NaN beats infinity beats all numbers.
INLINE uint32_t largest_bits(const float *p) {
  __m512i mask = _mm512_set1_epi32(0x7fffffff);
  __m512i a = _mm512_and_si512(_mm512_loadu_si512(p), mask);
  __m512i b = _mm512_and_si512(_mm512_loadu_si512(p + 16), mask);
  return _mm512_reduce_max_epu32(_mm512_max_epu32(a, b));
}
// 32 floats times a factor, rounded to int16.
INLINE void round_words(const float *p, float factor, int16_t *to) {
  __m512 f = _mm512_set1_ps(factor);
  __m512i low = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(p), f));
  __m512i high = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(p + 16), f));
  _mm256_storeu_si256((__m256i *)to, _mm512_cvtsepi32_epi16(low));
  _mm256_storeu_si256((__m256i *)(to + 16), _mm512_cvtsepi32_epi16(high));
}
INLINE int32_t sum_words(const int16_t *p) {
  __m512i ones = _mm512_set1_epi16(1);
  return _mm512_reduce_add_epi32(_mm512_madd_epi16(_mm512_loadu_si512(p), ones));
}
// Nibble j of 32 words, less 8 where the type's quants are signed.
INLINE ints i_nibbles(const void *p, int j, int is_signed) {
  static const int16_t VALUES[2][32] __attribute__((aligned(64))) = {
      {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
      {-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, -8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7}};
  __m512i words = _mm512_srli_epi16(_mm512_loadu_si512(p), 4 * j);
  return _mm512_permutexvar_epi16(words, _mm512_load_si512(VALUES[is_signed]));
}
