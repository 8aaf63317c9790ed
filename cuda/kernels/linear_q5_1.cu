// y (+)= x W^T (+ bias) for up to 8, 16 or 64 rows with Q5_1 weights, repacked (include/weights.h): include/linear.h.
#include "linear.h"

// launch: grid (ceil(n / 64), splits), block 256, shared 8 * 1156
LINEAR_KERNEL(linear_q5_1_m8, Q5_1, 1)
// launch: grid (ceil(n / 64), splits), block 256, shared 16 * 1156
LINEAR_KERNEL(linear_q5_1_m16, Q5_1, 2)
// launch: grid (ceil(n / 64), splits), block 256, shared 64 * 1156
LINEAR_KERNEL(linear_q5_1_m64, Q5_1, 8)
