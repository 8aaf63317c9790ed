// Relay attention of whole steps against softmax attention in double precision over each row's keys one after the
// other.
#include "kernel_test.h"
#include "relay_attention_bf16.cu"
#include "relay_attention_f16.cu"
#include "relay_plan.h"

struct Sequence {
  int tokens, start;
};
struct Group {
  int system;
  bool relay;
  std::vector<Sequence> sequences;
};
struct Shape {
  int heads, kvHeads, dim, blockTokens, gridBlocks;
};

// A step in device memory: blocks dealt out in random order; what no sequence owns, and the ends of blocks, are NaN.
template <class T> struct Step {
  Shape s;
  std::vector<RelayGroup> groups;
  std::vector<int> table;
  std::vector<T> kv, queries;
  long long stride;
  int rows = 0;

  Step(const Shape& shape, const std::vector<Group>& given, float queryGain) : s(shape) {
    stride = 2LL * s.kvHeads * s.blockTokens * s.dim + 8;
    std::vector<int> lengths;
    for (const Group& g : given) {
      groups.push_back({g.system, 0, g.relay, {}});
      groups.back().system_blocks = allot(g.system, lengths);
      for (const Sequence& q : g.sequences) {
        groups.back().sequences.push_back({q.tokens, q.start, allot(q.start + q.tokens, lengths)});
        rows += q.tokens;
      }
    }
    int blocks = int(table.size()) + 3;
    std::vector<int> order(static_cast<size_t>(blocks));
    for (int i = 0; i < blocks; ++i) order[size_t(i)] = i;
    std::shuffle(order.begin(), order.end(), generator);
    for (size_t i = 0; i < table.size(); ++i) table[i] = order[i];
    kv.assign(size_t(stride * (blocks - 1) + 2LL * s.kvHeads * s.blockTokens * s.dim), from_float<T>(NAN));
    for (size_t i = 0; i < table.size(); ++i) {
      for (int head = 0; head < 2 * s.kvHeads; ++head) {
        for (int j = 0; j < lengths[i] * s.dim; ++j) {
          kv[size_t(table[i] * stride + (long long)head * s.blockTokens * s.dim + j)] = from_float<T>(random_normal());
        }
      }
    }
    queries = random_vector<T>(size_t(rows * s.heads * s.dim), queryGain);
  }

  int allot(int tokens, std::vector<int>& lengths) {
    int at = int(table.size());
    for (int from = 0; from < tokens; from += s.blockTokens) {
      table.push_back(0);
      lengths.push_back(std::min(s.blockTokens, tokens - from));
    }
    return at;
  }

  double at(int blocks, int key, int kvHead, int which, int d) const {
    long long block = table[size_t(blocks + key / s.blockTokens)];
    return to_float(
        kv[size_t(block * stride + ((kvHead * 2LL + which) * s.blockTokens + key % s.blockTokens) * s.dim + d)]);
  }

  std::vector<double> expected(int row, int head, const RelayGroup& g, const RelaySequence& q, int visible) const {
    int kvHead = head / (s.heads / s.kvHeads);
    std::vector<double> scores, o(size_t(s.dim), 0);
    auto each = [&](auto take) {
      for (int key = 0; key < g.system_tokens; ++key) take(g.system_blocks, key);
      for (int key = 0; key < visible; ++key) take(q.blocks, key);
    };
    each([&](int blocks, int key) {
      double sum = 0;
      for (int d = 0; d < s.dim; ++d) {
        sum += to_float(queries[size_t((row * s.heads + head) * s.dim + d)]) * at(blocks, key, kvHead, 0, d);
      }
      scores.push_back(sum / std::sqrt(double(s.dim)));
    });
    double max = *std::max_element(scores.begin(), scores.end()), total = 0;
    for (double& x : scores) total += x = std::exp(x - max);
    size_t i = 0;
    each([&](int blocks, int key) {
      double weight = scores[i++] / total;
      for (int d = 0; d < s.dim; ++d) o[size_t(d)] += weight * at(blocks, key, kvHead, 1, d);
    });
    return o;
  }
};

template <class T, class Kernel>
void attends(const std::string& name, Kernel kernel, int paddedDim, Shape s, std::vector<Group> given, float gain = 1) {
  test_case("relay " + name, [&] {
    Step<T> step(s, given, gain);
    int rows = step.rows, slack = 2;
    RelayPlan plan = RelayPlanner(s.heads, s.kvHeads, s.gridBlocks, 4 * rows).plan(step.groups);
    std::vector<bf16> output(size_t((rows + slack) * s.heads * s.dim), bf16{0x1234});
    std::vector<float> partials(size_t(plan.parts() * s.heads * s.dim), NAN), lse(size_t(plan.parts() * s.heads), NAN);
    std::vector<int> tickets(size_t(rows * s.kvHeads)), counters(2), count{int(plan.items.size())};
    int shift = 0;
    while (1 << shift < s.blockTokens) ++shift;
    std::vector<bf16> first;
    for (int launch = 0; launch < 2; ++launch) { // again: tickets and counters are as before, and so are the bits
      run(kernel, {unsigned(s.gridBlocks), 1, 1}, {RELAY_THREADS, 1, 1}, size_t(relay_shared_bytes(paddedDim)),
          step.queries.data(), step.kv.data(), output.data(), plan.items.data(), count.data(), step.table.data(),
          plan.partial_base.data(), partials.data(), lse.data(), tickets.data(), counters.data(), s.heads, s.kvHeads,
          s.dim, shift, step.stride, float(1 / std::sqrt(double(s.dim))));
      if (launch == 0) first = output, seed += 2;
    }
    seed -= 2;
    for (size_t i = 0; i < output.size(); ++i) expect_equal(output[i].bits, first[i].bits, "bits of a second launch");
    double atol = sizeof(T) == 2 && std::is_same_v<T, f16> ? 1.5e-3 : 6e-3;
    int row = 0;
    for (const RelayGroup& g : step.groups) {
      for (const RelaySequence& q : g.sequences) {
        for (int token = 0; token < q.tokens; ++token, ++row) {
          for (int head = 0; head < s.heads; ++head) {
            std::vector<double> o = step.expected(row, head, g, q, q.start + token + 1);
            for (int d = 0; d < s.dim; ++d) {
              expect_near(to_float(output[size_t((row * s.heads + head) * s.dim + d)]), o[size_t(d)], atol, 8e-3,
                          at("row, head", row, head));
            }
          }
        }
      }
    }
    for (size_t i = size_t(rows * s.heads * s.dim); i < output.size(); ++i)
      expect_equal(output[i].bits, 0x1234, "others");
    for (int ticket : tickets) expect_equal(ticket, 0, "a ticket afterwards");
    expect_equal(counters[0] + counters[1], 0, "the counters afterwards");
  });
}

// The plan alone: every key of every row exactly once, parts numbered without gaps, the workspace respected.
void plans() {
  test_case("relay plan", [&] {
    for (int round = 0; round < 60; ++round) {
      int kvHeads = random_int(1, 4), heads = kvHeads * random_int(1, 9), rows = 0, blocks = 0;
      std::vector<RelayGroup> groups;
      for (int g = random_int(1, 4); g > 0; --g) {
        groups.push_back({random_int(0, 2) * random_int(1, 900), 100000 * g, random_int(0, 1) == 1, {}});
        for (int i = random_int(1, 40); i > 0; --i) {
          groups.back().sequences.push_back(
              {random_int(0, 3) ? 1 : random_int(1, 90), random_int(0, 700), blocks += 1000});
          rows += groups.back().sequences.back().tokens;
        }
      }
      int capacity = 2 * rows + random_int(0, 2 * rows);
      RelayPlan plan = RelayPlanner(heads, kvHeads, random_int(1, 300), capacity).plan(groups);
      expect_equal(plan.rows(), rows, "rows");
      if (plan.parts() > capacity) fault("more parts than the workspace holds");
      std::vector<long long> keys(static_cast<size_t>(rows));
      std::vector<std::vector<int>> seen(static_cast<size_t>(rows));
      for (const RelayItem& item : plan.items) {
        if (item.row_count * (heads / kvHeads) > RELAY_ROWS || item.row_count < 1) fault("rows of an item");
        for (int i = 0; i < item.row_count; ++i) {
          size_t row = size_t(item.first_row + i);
          int end = std::min(item.request_to, item.first_visible + i);
          keys[row] += item.system_to - item.system_from + std::max(0, end - item.request_from);
          seen[row].push_back(item.part);
        }
      }
      size_t row = 0;
      for (const RelayGroup& g : groups) {
        for (const RelaySequence& q : g.sequences) {
          for (int token = 0; token < q.tokens; ++token, ++row) {
            expect_equal(keys[row], g.system_tokens + q.start + token + 1, "keys of a row");
            std::sort(seen[row].begin(), seen[row].end());
            for (size_t i = 0; i < seen[row].size(); ++i) expect_equal(seen[row][i], (long long)i, "parts of a row");
            int parts = plan.partial_base[row + 1] - plan.partial_base[row];
            expect_equal(parts, seen[row].size() > 1 ? (long long)seen[row].size() : 0, "room for parts");
          }
        }
      }
    }
    RelayGroup one{4096, 0, true, {{1, 0, 0}}}, two{4096, 0, true, {{1, 0, 0}, {1, 5, 1}}};
    expect_equal(relay_pays(one, 4), 0, "a group of one is not relayed");
    expect_equal(relay_pays(two, 4), 1, "two sequences with a long system are");
  });
}

int main() {
  start();
  plans();
  std::vector<Sequence> four{{1, 6}, {1, 0}, {1, 90}, {1, 33}};
  attends<bf16>("decode of one group, GQA", relay_attention_bf16_d64, 64, {8, 2, 64, 16, 3}, {{200, true, four}});
  attends<bf16>("the same, not relayed", relay_attention_bf16_d64, 64, {8, 2, 64, 16, 3}, {{200, false, four}});
  attends<f16>("groups, prefill, decode and a sequence of its own in one launch", relay_attention_f16_d32, 32,
               {4, 2, 32, 8, 40},
               {{130, true, {{1, 10}, {40, 7}, {1, 0}}},
                {65, true, {{1, 3}, {1, 64}}},
                {0, false, {{1, 300}, {35, 0}}},
                {77, false, {{3, 9}}}});
  attends<bf16>("more than 64 rows of a group, many splits", relay_attention_bf16_d128, 128, {4, 1, 128, 32, 16},
                {{700, true, std::vector<Sequence>(20, Sequence{1, 1})}});
  attends<f16>("MHA, head dim 80, blocks of 1", relay_attention_f16_d80, 80, {3, 3, 80, 1, 5},
               {{20, true, {{1, 1}, {1, 2}}}, {0, true, {{5, 0}}}});
  attends<bf16>("7 heads a KV head, head dim 96", relay_attention_bf16_d96, 96, {14, 2, 96, 64, 4},
                {{90, true, {{12, 0}, {1, 100}, {1, 5}}}});
  attends<bf16>("head dim 24, large scores", relay_attention_bf16_d32, 32, {2, 1, 24, 4, 2},
                {{30, true, {{1, 2}, {2, 70}}}}, 30);
  attends<f16>("one token without a past", relay_attention_f16_d128, 128, {2, 2, 128, 16, 8}, {{0, false, {{1, 0}}}});
  return finish("relay_test");
}
