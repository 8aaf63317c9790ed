// The relay operator: attention of one decode step of one layer, relayed and plain, against the bytes they must move.
#pragma once
#include "measure.h"
#include "relay_attention_bf16.cu"
#include "relay_plan.h"

struct OperatorShape {
  int heads, kvHeads, dim, groups, requests, context, system;
};

constexpr int BLOCK_SHIFT = 6, BLOCK_TOKENS = 1 << BLOCK_SHIFT;
inline long long blocks_of(int tokens) { return (tokens + BLOCK_TOKENS - 1) / BLOCK_TOKENS; }
inline long long blocks_of(const OperatorShape& s) {
  return (long long)s.groups * blocks_of(s.system) + (long long)s.requests * blocks_of(s.context);
}

// Groups of equal size; each request has `context` keys of its own, the last of them this step's token. Blocks lie
// anywhere.
struct Layout {
  std::vector<RelayGroup> groups;
  std::vector<int> table;

  explicit Layout(const OperatorShape& s) {
    auto allot = [&](int tokens) {
      int at = int(table.size());
      for (int i = 0; i < tokens; i += BLOCK_TOKENS) table.push_back(int(table.size()));
      return at;
    };
    for (int g = 0; g < s.groups; ++g) {
      groups.push_back({s.system, allot(s.system), false, {}});
      for (int i = s.requests * g / s.groups; i < s.requests * (g + 1) / s.groups; ++i) {
        groups.back().sequences.push_back({1, s.context - 1, allot(s.context)});
      }
    }
    std::shuffle(table.begin(), table.end(), std::mt19937(5));
  }
};

enum class Relay { NEVER, ALWAYS, WHERE_IT_PAYS };

// A plan in device memory.
struct PlannedStep {
  int parts;
  Buffer<RelayItem> items;
  Buffer<int> base, count;

  static RelayPlan plan(std::vector<RelayGroup> groups, Relay relay, int heads, int kvHeads, int grid, int capacity) {
    for (RelayGroup& g : groups) {
      g.relay = relay == Relay::ALWAYS || (relay == Relay::WHERE_IT_PAYS && relay_pays(g, heads / kvHeads));
    }
    return RelayPlanner(heads, kvHeads, grid, capacity).plan(groups);
  }
  explicit PlannedStep(const RelayPlan& p)
      : parts(p.parts()), items(p.items), base(p.partial_base), count(std::vector<int>{int(p.items.size())}) {}
};

// Blocks that the device holds at once.
inline int relay_grid(const Setting& setting) {
  return setting.device.multiprocessors *
         std::max(1, std::min(2, setting.device.sharedPerMultiprocessor / (relay_shared_bytes(128) + 1024)));
}

struct Operator {
  OperatorShape s;
  Layout layout;
  int grid, capacity;
  long long stride, perLayer; // elements of a block, of a layer's KV
  int layers;                 // as many as keep the caches from holding them all, as in a model
  Buffer<bf16> kv, queries, output;
  Buffer<int> table;
  Buffer<float> partials, lse;
  Buffer<int> tickets, counters;

  static double layer_bytes(const OperatorShape& s) {
    return double(blocks_of(s)) * 2 * s.kvHeads * BLOCK_TOKENS * s.dim * 2;
  }
  static int layers_for(const Setting& setting, const OperatorShape& s) {
    double wanted = std::ceil(4 * setting.device.cacheBytes / layer_bytes(s));
    return int(std::max(1.0, std::min({wanted, 32.0, setting.device.memoryBytes * 0.8 / layer_bytes(s)})));
  }

  Operator(const Setting& setting, const OperatorShape& shape)
      : s(shape),
        layout(shape),
        grid(relay_grid(setting)),
        capacity(s.requests * 2 * RELAY_MAX_SPLITS),
        stride(2LL * s.kvHeads * BLOCK_TOKENS * s.dim),
        perLayer(stride * blocks_of(s)),
        layers(layers_for(setting, s)),
        kv(size_t(perLayer * layers)),
        queries(size_t(s.requests * s.heads * s.dim)),
        output(queries.count),
        table(layout.table),
        partials(size_t(capacity) * size_t(s.heads * s.dim)),
        lse(size_t(capacity) * size_t(s.heads)),
        tickets(size_t(s.requests * s.kvHeads)),
        counters(2) {
    randomise(kv, 3, 1), randomise(queries, 4, 1);
  }

  RelayPlan plan(Relay relay) const {
    return PlannedStep::plan(layout.groups, relay, s.heads, s.kvHeads, grid, capacity);
  }

  void run(const PlannedStep& p, int layer) {
    launch(relay_attention_bf16_d128, dim3{unsigned(grid), 1, 1}, dim3{RELAY_THREADS, 1, 1}, relay_shared_bytes(128),
           queries.data, kv.data + perLayer * layer, output.data, p.items.data, p.count.data, table.data, p.base.data,
           partials.data, lse.data, tickets.data, counters.data, s.heads, s.kvHeads, s.dim, BLOCK_SHIFT, stride,
           1 / std::sqrt(float(s.dim)));
  }

  double time(const Setting& setting, const PlannedStep& p) {
    int layer = 0;
    return seconds(setting, [&] { run(p, layer++ % layers); });
  }

  // Keys and values once each, for a plain and for a relayed step.
  double key_bytes(bool relayed) const {
    double systems = double(relayed ? s.groups : s.requests) * s.system;
    return (systems + double(s.requests) * s.context) * 4 * s.kvHeads * s.dim;
  }

  std::vector<float> result(const PlannedStep& p) {
    run(p, 0);
    std::vector<float> values;
    for (bf16 x : output.read()) {
      uint32_t bits = uint32_t(x.bits) << 16;
      float f;
      memcpy(&f, &bits, 4);
      values.push_back(f);
    }
    return values;
  }
};

// Times of the same operator on an A40, by the paper's authors: bench/relay-op-a40.csv.
struct Published {
  struct Line {
    int requests, context, system;
    std::string times;
  };
  std::vector<Line> lines;
  explicit Published(const char* path) {
    FILE* file = fopen(path, "r");
    char text[256], times[200];
    while (file && fgets(text, sizeof text, file)) {
      Line line;
      if (sscanf(text, "%d,%d,%d,%199s", &line.requests, &line.context, &line.system, times) == 4) {
        line.times = times;
        lines.push_back(line);
      }
    }
    if (file) fclose(file);
  }
  std::string of(const OperatorShape& s) const {
    for (const Line& l : lines) {
      if (s.heads == 52 && l.requests == s.requests && l.context == s.context && l.system == s.system) return l.times;
    }
    return ",";
  }
};

struct OperatorSummary {
  double ofBound = 9, worstGain = 9, ofCopy = 9;
  bool agree = true;
};

// One line a shape: times, and what they are of the bytes at the copy's bandwidth and of the bound p.
inline void measure_operator(const Setting& setting, const Published& published, const OperatorShape& s,
                             OperatorSummary& all) {
  if (Operator::layer_bytes(s) > setting.device.memoryBytes * 0.8) {
    printf("%d/%d,%d,%d,%d,%d,skipped: %.1f GB do not fit\n", s.heads, s.kvHeads, s.groups, s.requests, s.context,
           s.system, Operator::layer_bytes(s) / 1e9);
    return;
  }
  Operator op(setting, s);
  PlannedStep plain(op.plan(Relay::NEVER)), relayed(op.plan(Relay::ALWAYS)), chosen(op.plan(Relay::WHERE_IT_PAYS));
  std::vector<float> a = op.result(plain), b = op.result(relayed);
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) worst = std::max(worst, double(std::abs(a[i] - b[i])));
  double plainTime = op.time(setting, plain), relayTime = op.time(setting, relayed),
         chosenTime = op.time(setting, chosen);
  double p = op.key_bytes(false) / op.key_bytes(true), ofBound = plainTime / relayTime / p;
  double plainOfCopy = op.key_bytes(false) / plainTime / setting.copyBandwidth;
  printf("%d/%d,%d,%d,%d,%d,%.2f,%.2f,%.2f,%.3f,%.2f,%.3f,%.3f,%.3f,%.1e,%s\n", s.heads, s.kvHeads, s.groups,
         s.requests, s.context, s.system, plainTime * 1e6, relayTime * 1e6, chosenTime * 1e6, plainTime / chosenTime, p,
         ofBound, plainOfCopy, op.key_bytes(true) / relayTime / setting.copyBandwidth, worst, published.of(s).c_str());
  fflush(stdout);
  all.agree &= worst < 0.02; // outputs are of unit size or less, rounded to bf16
  if (s.system > 0) all.worstGain = std::min(all.worstGain, plainTime / chosenTime);
  if (s.system >= 1024 && s.requests >= 16) all.ofBound = std::min(all.ofBound, ofBound);
  if (s.system == 0) all.ofCopy = std::min(all.ofCopy, plainOfCopy);
}

inline bool operators(const Setting& setting, Summary& summary, const char* publishedFile) {
  heading("relay operator, one layer, one decode step");
  printf(
      "heads,groups,requests,context,system,plain_us,relay_us,chosen_us,gain,p,relay_of_p,plain_of_copy,relay_of_copy,"
      "difference,a40_plain_us,a40_relay_us\n");
  const Published published(publishedFile);
  OperatorSummary all;
  if (setting.size == Size::TINY) {
    for (int groups : {1, 3}) measure_operator(setting, published, {4, 2, 128, groups, 5, 70, 130}, all);
    return all.agree;
  }
  std::vector<int> requests{1, 4, 8, 16, 32, 64, 128}, systems{64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384};
  if (setting.size == Size::QUICK) requests = {1, 16, 64}, systems = {128, 1024, 4096};
  for (int kvHeads : {52, 8}) {
    for (int context : {128, 256}) {
      for (int b : requests) {
        for (int s : systems) {
          measure_operator(setting, published, {kvHeads == 52 ? 52 : 32, kvHeads, 128, 1, b, context, s}, all);
        }
      }
    }
  }
  for (int kvHeads : {52, 8}) { // request parts alone
    for (int context : {256, 1024, 4096}) {
      for (int b : {32, 128}) {
        measure_operator(setting, published, {kvHeads == 52 ? 52 : 32, kvHeads, 128, 1, b, context, 0}, all);
      }
    }
  }
  for (int groups : {2, 4, 8, 16}) {
    for (int b : {32, 128}) {
      for (int s : {1024, 2048}) measure_operator(setting, published, {32, 8, 128, groups, b, 256, s}, all);
    }
  }
  summary.add("relay operator, S >= 1,024, B >= 16: worst %.3f of the bound p", all.ofBound, 0.93, true);
  summary.add("relay where it is chosen: worst %.3f times as fast as plain", all.worstGain, 0.98, true);
  summary.add("request parts alone, B >= 32: worst %.3f of the copy's bandwidth", all.ofCopy, 0.85, true);
  return all.agree;
}
