// Relay attention over f16 keys and values, for head dims up to 32, 64, 80, 96 and 128: include/relay.h.
#include "relay.h"

// launch: grid (2 * multiprocessors), block 128, shared 25600
RELAY_KERNEL(relay_attention_f16_d32, f16, 32)
// launch: grid (2 * multiprocessors), block 128, shared 46080
RELAY_KERNEL(relay_attention_f16_d64, f16, 64)
// launch: grid (2 * multiprocessors), block 128, shared 56320
RELAY_KERNEL(relay_attention_f16_d80, f16, 80)
// launch: grid (2 * multiprocessors), block 128, shared 66560
RELAY_KERNEL(relay_attention_f16_d96, f16, 96)
// launch: grid (2 * multiprocessors), block 128, shared 87040
RELAY_KERNEL(relay_attention_f16_d128, f16, 128)
