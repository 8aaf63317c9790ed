// y (+)= x W^T (+ bias) for up to 8, 16 or 64 rows with Q6_K weights, repacked (include/weights.h): include/linear.h.
#include "linear.h"

// launch: grid (ceil(n / 64), splits), block 256, shared 8 * 1088
LINEAR_KERNEL(linear_q6_k_m8, Q6_K, 1)
// launch: grid (ceil(n / 64), splits), block 256, shared 16 * 1088
LINEAR_KERNEL(linear_q6_k_m16, Q6_K, 2)
// launch: grid (ceil(n / 64), splits), block 256, shared 64 * 1088
LINEAR_KERNEL(linear_q6_k_m64, Q6_K, 8)
