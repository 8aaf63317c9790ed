// How the attention of a step is divided into items of relay attention; once a step, for all its layers. Host code,
// used by the kernels' tests and benchmark; the engine's planner in Java is its twin.
//
// A relayed group has its rows (tokens of all its sequences) in tiles of up to 64 / G over the system's keys; each
// sequence has its rows in such tiles over its own. A sequence that is not relayed has tiles that walk the system's
// keys, then its own. A tile that would keep a block busy while others have nothing left is split along its keys, all
// tiles of a group's system alike, so that the parts of a row are numbered: the system's splits first, then the
// request's.
#pragma once
#include <algorithm>
#include <stdexcept>
#include <vector>

#include "relay_item.h"

struct RelaySequence {
  int tokens; // rows in this step
  int start;  // tokens that the request KV holds already
  int blocks; // where its blocks begin in the block table
};

struct RelayGroup {
  int system_tokens, system_blocks; // 0 tokens: sequences without a system
  bool relay;
  std::vector<RelaySequence> sequences;
};

struct RelayPlan {
  std::vector<RelayItem> items;  // dearest first
  std::vector<int> partial_base; // [rows + 1]
  int rows() const { return int(partial_base.size()) - 1; }
  int parts() const { return partial_base.back(); }
};

// Tunables, in keys of one tile: what an item costs beside its keys, the least that is worth a split, items a block.
constexpr int RELAY_ITEM_COST = 48;
constexpr int RELAY_MIN_SPLIT = 128;
constexpr int RELAY_MAX_SPLITS = 32;
constexpr int RELAY_ITEMS_PER_BLOCK = 2;

inline int relay_ceil(long long a, long long b) { return int((a + b - 1) / b); }

// Whether a group's system part is cheaper as one product than row by row: the keys and values that tiles need not read
// again pay for one more part a row, which costs as much as 2 G keys to write and read. Never for one sequence.
inline bool relay_pays(const RelayGroup& group, int heads_per_kv_head) {
  long long rows = 0, tiles = 0, tokens = RELAY_ROWS / heads_per_kv_head;
  for (const RelaySequence& s : group.sequences) rows += s.tokens, tiles += relay_ceil(s.tokens, tokens);
  long long saved = (tiles - relay_ceil(rows, tokens)) * group.system_tokens;
  return saved > 2 * heads_per_kv_head * rows + RELAY_ITEM_COST;
}

class RelayPlanner {
 public:
  // grid_blocks: blocks of the launch; capacity: parts the workspace holds, at least twice the rows of a step.
  RelayPlanner(int heads, int kv_heads, int grid_blocks, int capacity)
      : kvHeads_(kv_heads), blocks_(grid_blocks), capacity_(capacity), tileTokens_(RELAY_ROWS / (heads / kv_heads)) {
    if (kv_heads < 1 || heads % kv_heads || tileTokens_ < 1) {
      throw std::invalid_argument("relay attention serves 1 to 64 query heads a KV head");
    }
  }

  RelayPlan plan(const std::vector<RelayGroup>& groups) const {
    double total = 0;
    int rows = 0;
    for (const Tile& tile : tiles(groups)) total += cost(tile, 1);
    for (const RelayGroup& group : groups) {
      for (const RelaySequence& s : group.sequences) rows += s.tokens;
    }
    if (capacity_ < 2 * rows) throw std::invalid_argument("the workspace holds less than two parts a row");
    for (double target = total * kvHeads_ / (double(blocks_) * RELAY_ITEMS_PER_BLOCK);; target = 2 * target + 1) {
      RelayPlan made = divide(groups, rows, target);
      if (made.parts() <= capacity_) return made;
    }
  }

 private:
  // Rows and the keys they walk: the system's [0, system), then the request's [0, request).
  struct Tile {
    int group, first_row, rows, system_blocks, system, request_blocks, request, first_visible;
    bool relayed; // the system part of a relayed group
  };

  static int keys(const Tile& tile) { return tile.system + tile.request; }
  static double cost(const Tile& tile, int splits) { return double(keys(tile)) / splits + RELAY_ITEM_COST; }

  std::vector<Tile> tiles(const std::vector<RelayGroup>& groups) const {
    std::vector<Tile> made;
    int row = 0;
    for (int g = 0; g < int(groups.size()); ++g) {
      const RelayGroup& group = groups[size_t(g)];
      bool relay = group.relay && group.system_tokens > 0;
      int system = relay ? 0 : group.system_tokens, first = row, last = row;
      for (const RelaySequence& s : group.sequences) last += s.tokens;
      if (relay) {
        even(last - first, [&](int from, int count) {
          made.push_back({g, first + from, count, group.system_blocks, group.system_tokens, 0, 0, 0, true});
        });
      }
      for (const RelaySequence& s : group.sequences) {
        even(s.tokens, [&](int from, int count) {
          int visible = s.start + from + 1;
          made.push_back(
              {g, row + from, count, group.system_blocks, system, s.blocks, visible + count - 1, visible, false});
        });
        row += s.tokens;
      }
    }
    return made;
  }

  // Calls part(from, count) for tiles of nearly equal size.
  template <class Part> void even(int rows, Part part) const {
    int count = relay_ceil(rows, tileTokens_);
    for (int i = 0; i < count; ++i) {
      int from = int((long long)rows * i / count), to = int((long long)rows * (i + 1) / count);
      part(from, to - from);
    }
  }

  RelayPlan divide(const std::vector<RelayGroup>& groups, int rows, double target) const {
    RelayPlan made;
    std::vector<int> parts(size_t(rows), 0);
    for (const Tile& tile : tiles(groups)) {
      int most = std::min(RELAY_MAX_SPLITS, keys(tile) / RELAY_MIN_SPLIT);
      int splits = std::max(1, std::min(most, int(std::min(1e6, (cost(tile, 1) + target) / (target + 1)))));
      int length = std::max(1, relay_ceil(relay_ceil(keys(tile), splits), RELAY_KEYS) * RELAY_KEYS);
      for (int from = 0; from == 0 || from < keys(tile); from += length) add(made, parts, tile, from, length);
    }
    auto length = [](const RelayItem& i) { return i.system_to - i.system_from + i.request_to - i.request_from; };
    std::stable_sort(made.items.begin(), made.items.end(),
                     [&](const RelayItem& a, const RelayItem& b) { return length(a) > length(b); });
    made.partial_base.push_back(0);
    for (int count : parts) made.partial_base.push_back(made.partial_base.back() + (count > 1 ? count : 0));
    return made;
  }

  // Keys [from, from + length) of the tile's walk, as the next part of its rows.
  static void add(RelayPlan& plan, std::vector<int>& parts, const Tile& tile, int from, int length) {
    int to = std::min(from + length, keys(tile));
    RelayItem item{};
    item.first_row = tile.first_row;
    item.row_count = tile.rows;
    item.part = parts[size_t(tile.first_row)];
    item.system_blocks = tile.system_blocks;
    item.system_from = std::min(from, tile.system);
    item.system_to = std::min(to, tile.system);
    item.request_blocks = tile.request_blocks;
    item.request_from = std::max(from - tile.system, 0);
    item.request_to = std::max(to - tile.system, 0);
    item.first_visible = tile.first_visible;
    for (int row = tile.first_row; row < tile.first_row + tile.rows; ++row) ++parts[size_t(row)];
    plan.items.push_back(item);
  }

  int kvHeads_, blocks_, capacity_, tileTokens_;
};
