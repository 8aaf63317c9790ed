// The kernels with AVX-512 F, BW, DQ, VL and VNNI.
#include "simd512.h"

#define TIER(name) baton_avx512_##name

#include "product.inc"

#include "attention.inc"
