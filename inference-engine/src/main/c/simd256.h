// Vectors of 8 floats for product.inc and attention.inc: AVX2, FMA and F16C.
#pragma once
#include <immintrin.h>
#include <stdint.h>

#define LANES 8
#define TILE_ROWS 4
#define VECTORS 2

typedef __m256 floats;
typedef __m256i ints;

#define INLINE static inline __attribute__((always_inline))

// Loops over a tile are unrolled whole, so that it lives in registers.
#define EACH(i, n) _Pragma("GCC unroll 32") for (int i = 0; i < (n); i++)

static const int32_t MASKS[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

INLINE floats f_zero(void) { return _mm256_setzero_ps(); }
INLINE floats f_all(float x) { return _mm256_set1_ps(x); }
INLINE floats f_load(const float *p) { return _mm256_loadu_ps(p); }
INLINE void f_store(float *p, floats x) { _mm256_storeu_ps(p, x); }
INLINE __m256i first(int n) { return _mm256_loadu_si256((const __m256i *)(MASKS + 8 - n)); }
INLINE floats f_load_some(const float *p, int n) { return _mm256_maskload_ps(p, first(n)); }
INLINE void f_store_some(float *p, floats x, int n) { _mm256_maskstore_ps(p, first(n), x); }
INLINE floats f_add(floats a, floats b) { return _mm256_add_ps(a, b); }
INLINE floats f_sub(floats a, floats b) { return _mm256_sub_ps(a, b); }
INLINE floats f_mul(floats a, floats b) { return _mm256_mul_ps(a, b); }
INLINE floats f_fma(floats a, floats b, floats c) { return _mm256_fmadd_ps(a, b, c); }
INLINE floats f_fnma(floats a, floats b, floats c) { return _mm256_fnmadd_ps(a, b, c); }
INLINE floats f_max(floats a, floats b) { return _mm256_max_ps(a, b); }
INLINE float f_largest(floats a) {
  __m128 x = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  x = _mm_max_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_max_ss(x, _mm_movehdup_ps(x)));
}
INLINE float f_sum(floats a) {
  __m128 x = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  x = _mm_add_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
}
INLINE floats f_halves(const void *p) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)); }
INLINE floats f_brains(const void *p) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p)), 16));
}
INLINE floats f_unsigned_bytes(const void *p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}
INLINE floats f_signed_bytes(const void *p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}
INLINE floats f_of(ints x) { return _mm256_cvtepi32_ps(x); }
INLINE ints i_round(floats x) { return _mm256_cvtps_epi32(x); }
INLINE floats f_nearest(floats x) { return _mm256_round_ps(x, 8); }
INLINE floats f_scale2(floats x, floats exponent) {
  ints bits = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(exponent), _mm256_set1_epi32(127)), 23);
  return _mm256_mul_ps(x, _mm256_castsi256_ps(bits));  // exponents in [-126, 127]
}

INLINE ints i_zero(void) { return _mm256_setzero_si256(); }
INLINE ints i_all(int32_t x) { return _mm256_set1_epi32(x); }
INLINE ints i_add(ints a, ints b) { return _mm256_add_epi32(a, b); }
// Adds to each 32-bit lane the products of its two 16-bit halves.
INLINE ints i_dot(ints sum, ints a, ints b) { return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b)); }
INLINE ints i_bytes(const void *p) { return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)p)); }
// Bits of the largest |x| as an integer: NaN beats infinity beats all numbers.
INLINE uint32_t largest_bits(const float *p) {
  __m256i mask = _mm256_set1_epi32(0x7fffffff);
  __m256i m = _mm256_setzero_si256();
  for (int i = 0; i < 32; i += 8) {
    m = _mm256_max_epu32(m, _mm256_and_si256(_mm256_loadu_si256((const __m256i *)(p + i)), mask));
  }
  __m128i x = _mm_max_epu32(_mm256_castsi256_si128(m), _mm256_extracti128_si256(m, 1));
  x = _mm_max_epu32(x, _mm_shuffle_epi32(x, 0x4e));
  return (uint32_t)_mm_cvtsi128_si32(_mm_max_epu32(x, _mm_shuffle_epi32(x, 0xb1)));
}
// 32 floats times a factor, rounded to int16.
INLINE void round_words(const float *p, float factor, int16_t *to) {
  __m256 f = _mm256_set1_ps(factor);
  for (int i = 0; i < 32; i += 8) {
    __m256i x = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(p + i), f));
    __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    _mm_storeu_si128((__m128i *)(to + i), words);
  }
}
INLINE int32_t sum_words(const int16_t *p) {
  int32_t sum = 0;
  for (int i = 0; i < 32; i++) sum += p[i];
  return sum;
}
// Nibble j of 16 words, less 8 where the type's quants are signed.
INLINE ints i_nibbles(const void *p, int j, int is_signed) {
  __m256i words = _mm256_srli_epi16(_mm256_loadu_si256((const __m256i *)p), 4 * j);
  words = _mm256_and_si256(words, _mm256_set1_epi16(15));
  return is_signed ? _mm256_sub_epi16(words, _mm256_set1_epi16(8)) : words;
}
