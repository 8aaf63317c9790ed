// y (+)= x W^T (+ bias) for up to 8, 16 or 64 rows with BF16 weights, as they are: include/linear.h.
#include "linear.h"

// launch: grid (ceil(n / 64), splits), block 256, shared 8 * 1088
LINEAR_KERNEL(linear_bf16_m8, BF16, 1)
// launch: grid (ceil(n / 64), splits), block 256, shared 16 * 1088
LINEAR_KERNEL(linear_bf16_m16, BF16, 2)
// launch: grid (ceil(n / 64), splits), block 256, shared 64 * 1088
LINEAR_KERNEL(linear_bf16_m64, BF16, 8)
