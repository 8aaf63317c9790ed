// One entry for each kernel, with the tier as its first argument.
#include "kernels.h"

#define CALL(function, ...)                                       \
  switch (tier) {                                                 \
    case CAN_AVX2: return baton_avx2_##function(__VA_ARGS__);     \
    case CAN_AMX: return baton_amx_##function(__VA_ARGS__);       \
    default: return baton_avx512_##function(__VA_ARGS__);         \
  }

int64_t baton_input_bytes(int32_t tier, int32_t type, int64_t rows, int64_t k) {
  CALL(input_bytes, type, rows, k)
}

int64_t baton_input_units(int32_t tier, int32_t type, int64_t rows, int64_t k) {
  CALL(input_units, type, rows, k)
}

void baton_pack_input(int32_t tier, int32_t type, const float *x, int64_t ldx, int64_t rows, int64_t k, int64_t from,
                      int64_t to, void *input) {
  CALL(pack_input, type, x, ldx, rows, k, from, to, input)
}

void baton_product(int32_t tier, int32_t type, const void *panels, int64_t n, int64_t k, const void *input,
                   int64_t rows, int64_t from, int64_t to, float *y, int64_t ldy) {
  CALL(product, type, panels, n, k, input, rows, from, to, y, ldy)
}

int64_t baton_attention_floats(int32_t tier, int64_t capacity, int64_t dim, int64_t padded) {
  CALL(attention_floats, capacity, dim, padded)
}

void baton_attend(int32_t tier, const baton_attention *item, int32_t steps) { CALL(attend, item, steps) }
