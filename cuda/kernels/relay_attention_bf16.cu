// Relay attention over bf16 keys and values, for head dims up to 32, 64, 80, 96 and 128: include/relay.h.
#include "relay.h"

// launch: grid (2 * multiprocessors), block 128, shared 25600
RELAY_KERNEL(relay_attention_bf16_d32, bf16, 32)
// launch: grid (2 * multiprocessors), block 128, shared 46080
RELAY_KERNEL(relay_attention_bf16_d64, bf16, 64)
// launch: grid (2 * multiprocessors), block 128, shared 56320
RELAY_KERNEL(relay_attention_bf16_d80, bf16, 80)
// launch: grid (2 * multiprocessors), block 128, shared 66560
RELAY_KERNEL(relay_attention_bf16_d96, bf16, 96)
// launch: grid (2 * multiprocessors), block 128, shared 87040
RELAY_KERNEL(relay_attention_bf16_d128, bf16, 128)
