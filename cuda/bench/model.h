// Steps of whole models with random bf16 weights: decode for many sequences of several tenants, and prefill.
#pragma once
#include <memory>

#include "ceilings.h"
#include "embed.cu"
#include "linear_bf16.cu"
#include "operator.h"
#include "place_qkv.cu"
#include "rms_norm.cu"
#include "sample.cu"
#include "swiglu.cu"

// Parts that k is divided into where n alone does not fill the device; by the matrix's shape only.
inline int linear_splits(int multiprocessors, int n, int k) {
  int blocks = int(blocks_for(n, 64)), steps = int(blocks_for(k, 512));
  return std::max(1, std::min({8, steps, (2 * multiprocessors + blocks - 1) / blocks}));
}

struct ModelShape {
  const char* name;
  int layers, dim, ffn, heads, kvHeads, vocab;
  int headDim() const { return 128; }
  int qkv() const { return (heads + 2 * kvHeads) * headDim(); }
  double weights() const { // all that a step reads of them
    double layer = double(dim) * (qkv() + heads * headDim() + 3.0 * ffn);
    return 2 * (layers * layer + double(vocab) * dim);
  }
  double kvBytesPerToken() const { return 4.0 * layers * kvHeads * headDim(); }
};

struct Model {
  struct Layer {
    Buffer<bf16> qkv, output, gateUp, down;
  };
  ModelShape m;
  int multiprocessors;
  std::vector<std::unique_ptr<Layer>> layers;
  Buffer<bf16> embedding, head;
  Buffer<float> norm, partials;
  Buffer<int> linearTickets;

  Model(const Setting& setting, const ModelShape& shape)
      : m(shape),
        multiprocessors(setting.device.multiprocessors),
        embedding(size_t(m.vocab) * size_t(m.dim)),
        head(embedding.count),
        norm(std::vector<float>(size_t(m.dim), 1.0f)),
        partials(8 * 64 * size_t(std::max({m.qkv(), 2 * m.ffn, m.vocab}))),
        linearTickets(partials.count / 512) {
    auto fill = [&](Buffer<bf16>& w, int k) { randomise(w, int(layers.size()), 1 / std::sqrt(float(k))); };
    size_t dim = size_t(m.dim), query = size_t(m.heads * m.headDim()), ffn = size_t(m.ffn);
    for (int i = 0; i < m.layers; ++i) {
      layers.push_back(std::unique_ptr<Layer>(new Layer{Buffer<bf16>(size_t(m.qkv()) * dim), Buffer<bf16>(dim * query),
                                                        Buffer<bf16>(2 * ffn * dim), Buffer<bf16>(dim * ffn)}));
      Layer& l = *layers.back();
      fill(l.qkv, m.dim), fill(l.output, m.heads * m.headDim()), fill(l.gateUp, m.dim), fill(l.down, m.ffn);
    }
    fill(embedding, 1), fill(head, m.dim);
  }

  // y (+)= x W^T, with the kernel for so many rows.
  void multiply(const Buffer<bf16>& w, const bf16* x, float* y, const int* rowCount, int rows, int n, int k, bool add) {
    if (rows > 64) {
      launch(gemm, dim3{blocks_for(rows, 128), blocks_for(n, 128), 1}, dim3{256, 1, 1}, 61440, w.data, x, nullptr, y,
             rowCount, n, k, n, int(add));
      return;
    }
    const unsigned splits = unsigned(linear_splits(multiprocessors, n, k));
    auto kernel = rows <= 8 ? linear_bf16_m8 : rows <= 16 ? linear_bf16_m16 : linear_bf16_m64;
    int bucket = rows <= 8 ? 8 : rows <= 16 ? 16 : 64;
    launch(kernel, dim3{blocks_for(n, 64), splits, 1}, dim3{256, 1, 1}, bucket * 1088, w.data, x, nullptr, y,
           partials.data, linearTickets.data, rowCount, n, k, n, int(add));
  }
};

// The buffers of one step: `rows` tokens over a layout of sequences; each sequence gives as many rows as its plan says.
struct ModelStep {
  Model& model;
  OperatorShape shape;
  Layout layout;
  int rows, logitRows, grid, capacity;
  long long stride;
  Buffer<bf16> kv, normed, queries, attended, activated;
  Buffer<float> hidden, qkv, gateUp, logits, cosines, sines, partials, lse, saved;
  Buffer<int> tokens, nextTokens, positions, slots, table, tickets, counters, rowCount, logitCount, gather, nothing;
  Buffer<SampleRow> sampling;
  Buffer<SampledToken> sampled;

  ModelStep(const Setting& setting, Model& m, const OperatorShape& s, int chunk = 1)
      : model(m),
        shape(s),
        layout(s),
        rows(s.requests * chunk),
        logitRows(s.requests),
        grid(relay_grid(setting)),
        capacity(std::max(2 * rows, s.requests * RELAY_MAX_SPLITS)),
        stride(2LL * m.m.layers * m.m.kvHeads * BLOCK_TOKENS * m.m.headDim()),
        kv(size_t(stride * blocks_of(s))),
        normed(size_t(rows) * size_t(m.m.dim)),
        queries(size_t(rows) * size_t(m.m.heads * m.m.headDim())),
        attended(queries.count),
        activated(size_t(rows) * size_t(m.m.ffn)),
        hidden(normed.count),
        qkv(size_t(rows) * size_t(m.m.qkv())),
        gateUp(2 * activated.count),
        logits(size_t(logitRows) * size_t(m.m.vocab)),
        cosines(size_t(s.system + s.context) * 64),
        sines(cosines.count),
        partials(size_t(capacity) * size_t(m.m.heads * m.m.headDim())),
        lse(size_t(capacity) * size_t(m.m.heads)),
        saved(1),
        tokens(size_t(rows)),
        nextTokens(size_t(logitRows)),
        positions(size_t(rows)),
        slots(size_t(rows)),
        table(layout.table),
        tickets(size_t(rows * m.m.kvHeads)),
        counters(2),
        rowCount(std::vector<int>{rows}),
        logitCount(std::vector<int>{logitRows}),
        gather(size_t(logitRows)),
        nothing(1),
        sampling(std::vector<SampleRow>(size_t(logitRows), SampleRow{0, -INFINITY, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, {}})),
        sampled(size_t(logitRows)) {
    randomise(kv, 6, 1);
    std::vector<int> position, slot, last;
    for (RelayGroup& g : layout.groups) {
      for (RelaySequence& q : g.sequences) {
        q.tokens = chunk, q.start = s.context - chunk;
        for (int i = 0; i < chunk; ++i) {
          int at = q.start + i;
          position.push_back(g.system_tokens + at);
          slot.push_back(layout.table[size_t(q.blocks + at / BLOCK_TOKENS)] * BLOCK_TOKENS + at % BLOCK_TOKENS);
        }
        last.push_back(int(position.size()) - 1);
      }
    }
    positions.write(position), slots.write(slot), gather.write(last);
    cosines.write(std::vector<float>(cosines.count, 1.0f)); // turned by nothing: the work is the same
  }

  RelayPlan plan(Relay relay) const {
    return PlannedStep::plan(layout.groups, relay, model.m.heads, model.m.kvHeads, grid, capacity);
  }

  void run(const PlannedStep& p) {
    const ModelShape& m = model.m;
    const unsigned count = unsigned(rows);
    const dim3 rowBlock{256, 1, 1};
    auto norm = [&](const int* which, const int* howMany, unsigned blocks) {
      launch(rms_norm, dim3{blocks, 1, 1}, rowBlock, 0, hidden.data, nullptr, nullptr, model.norm.data, normed.data,
             which, howMany, m.dim, 1e-5f);
    };
    launch(embed_bf16, dim3{count, 1, 1}, rowBlock, 0, model.embedding.data, tokens.data, hidden.data, rowCount.data,
           m.vocab, m.dim);
    for (int i = 0; i < m.layers; ++i) {
      const Model::Layer& l = *model.layers[size_t(i)];
      bf16* layerKv = kv.data + 2LL * i * m.kvHeads * BLOCK_TOKENS * m.headDim();
      norm(nullptr, rowCount.data, count);
      model.multiply(l.qkv, normed.data, qkv.data, rowCount.data, rows, m.qkv(), m.dim, false);
      launch(place_qkv_bf16, dim3{blocks_for(m.heads + 2 * m.kvHeads, 8), count, 1}, rowBlock, 0, qkv.data, nullptr,
             nullptr, nullptr, cosines.data, sines.data, positions.data, slots.data, queries.data, layerKv,
             rowCount.data, m.heads, m.kvHeads, m.headDim(), BLOCK_TOKENS, stride, 0, 1e-5f);
      launch(relay_attention_bf16_d128, dim3{unsigned(grid), 1, 1}, dim3{RELAY_THREADS, 1, 1}, relay_shared_bytes(128),
             queries.data, layerKv, attended.data, p.items.data, p.count.data, table.data, p.base.data, partials.data,
             lse.data, tickets.data, counters.data, m.heads, m.kvHeads, m.headDim(), BLOCK_SHIFT, stride,
             1 / std::sqrt(float(m.headDim())));
      model.multiply(l.output, attended.data, hidden.data, rowCount.data, rows, m.dim, m.heads * m.headDim(), true);
      norm(nullptr, rowCount.data, count);
      model.multiply(l.gateUp, normed.data, gateUp.data, rowCount.data, rows, 2 * m.ffn, m.dim, false);
      launch(swiglu, dim3{blocks_for(m.ffn, 512), count, 1}, rowBlock, 0, gateUp.data, activated.data, rowCount.data,
             m.ffn);
      model.multiply(l.down, activated.data, hidden.data, rowCount.data, rows, m.dim, m.ffn, true);
    }
    norm(gather.data, logitCount.data, unsigned(logitRows));
    model.multiply(model.head, normed.data, logits.data, logitCount.data, logitRows, m.vocab, m.dim, false);
    launch(sample, dim3{unsigned(logitRows), 1, 1}, dim3{1024, 1, 1}, 0, logits.data, sampling.data, nothing.data,
           nothing.data, saved.data, nothing.data, saved.data, saved.data, sampled.data, nextTokens.data,
           logitCount.data, m.vocab);
  }
};
