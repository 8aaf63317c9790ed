// What one work item of relay attention is: some consecutive rows (tokens) of a step and the keys they attend to. Plain
// C++, so that the host's planner (include/relay_plan.h, mirrored in Java) and the kernel read the same words: ten
// int32.
#pragma once
#include <stdint.h>

struct RelayItem {
  int32_t first_row, row_count; // rows [first_row, first_row + row_count) of the step; row_count * G <= 64
  int32_t part;                 // which of its rows' partial results this is, in [0, parts of the row)
  // System keys [from, to), seen by all rows; their blocks are block_table[system_blocks + key / block_tokens].
  int32_t system_blocks, system_from, system_to;
  // Request keys [from, to), likewise; row i of the item sees those below first_visible + i.
  int32_t request_blocks, request_from, request_to, first_visible;
};
static_assert(sizeof(RelayItem) == 40, "mirrored in Java");

constexpr int RELAY_ROWS = 64; // of the product of queries and keys: tokens times query heads a KV head
constexpr int RELAY_KEYS = 64; // a tile
constexpr int RELAY_THREADS = 128;

// Dynamic shared memory for head dims up to `padded_dim`: queries and two stages of keys and values.
constexpr int relay_shared_bytes(int padded_dim) { return (RELAY_ROWS + 4 * RELAY_KEYS) * (padded_dim + 8) * 2; }
