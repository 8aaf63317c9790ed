// y (+)= x W^T (+ bias) for up to 8, 16 or 64 rows with Q8_0 weights, repacked (include/weights.h): include/linear.h.
#include "linear.h"

// launch: grid (ceil(n / 64), splits), block 256, shared 8 * 1088
LINEAR_KERNEL(linear_q8_0_m8, Q8_0, 1)
// launch: grid (ceil(n / 64), splits), block 256, shared 16 * 1088
LINEAR_KERNEL(linear_q8_0_m16, Q8_0, 2)
// launch: grid (ceil(n / 64), splits), block 256, shared 64 * 1088
LINEAR_KERNEL(linear_q8_0_m64, Q8_0, 8)
