// y (+)= x W^T (+ bias) for up to 8, 16 or 64 rows with F32 weights, each the sum of two bf16 to 16 bits:
// include/linear.h.
#include "linear.h"

// launch: grid (ceil(n / 64), splits), block 256, shared 8 * 1088
LINEAR_KERNEL(linear_f32_m8, F32, 1)
// launch: grid (ceil(n / 64), splits), block 256, shared 16 * 1088
LINEAR_KERNEL(linear_f32_m16, F32, 2)
// launch: grid (ceil(n / 64), splits), block 256, shared 64 * 1088
LINEAR_KERNEL(linear_f32_m64, F32, 8)
