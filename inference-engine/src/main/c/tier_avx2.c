// The kernels with AVX2, FMA and F16C.
#include "simd256.h"

#define TIER(name) baton_avx2_##name

#include "product.inc"

#include "attention.inc"
