// y (+)= x W^T (+ bias) for up to 8, 16 or 64 rows with F16 weights, each the sum of two bf16, exactly:
// include/linear.h.
#include "linear.h"

// launch: grid (ceil(n / 64), splits), block 256, shared 8 * 1088
LINEAR_KERNEL(linear_f16_m8, F16, 1)
// launch: grid (ceil(n / 64), splits), block 256, shared 16 * 1088
LINEAR_KERNEL(linear_f16_m16, F16, 2)
// launch: grid (ceil(n / 64), splits), block 256, shared 64 * 1088
LINEAR_KERNEL(linear_f16_m64, F16, 8)
