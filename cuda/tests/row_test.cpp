// The row-wise kernels: embedding, norm, SwiGLU, rotary embedding with the KV write.
#include "uploaded.h"
#include "embed.cu"
#include "place_qkv.cu"
#include "rms_norm.cu"
#include "swiglu.cu"

using Embed = void (*)(const void*, const int*, float*, const int*, int, int);

template <class Format> void embeds(Embed kernel) {
  test_case(std::string("embed ") + Named<Format>::name(), [&] {
    int block = size_of(Named<Format>::type).elements, dim = block == 256 ? 512 : block == 32 ? 288 : 40, vocab = 37;
    Uploaded<Format> table(vocab, dim);
    std::vector<int> tokens{36, 0, 5, 5, -1}, rows{4}; // the bucket is 5; what is beyond the rows in use is not read
    std::vector<float> hidden(size_t(5 * dim), -7);
    run(kernel, {5, 1, 1}, {256, 1, 1}, 0, table.device.data(), tokens.data(), hidden.data(), rows.data(), vocab, dim);
    for (int row = 0; row < 5; ++row) {
      for (int i = 0; i < dim; ++i) {
        double expected = row < 4 ? table.at(tokens[size_t(row)], i) : -7;
        expect_near(hidden[size_t(row * dim + i)], expected, 1e-6, 1e-6, at("hidden", row, i));
      }
    }
  });
}

void norms(int dim, bool withDelta, bool gathered) {
  test_case("rms_norm of " + std::to_string(dim) + (withDelta ? " after a sum" : "") + (gathered ? ", gathered" : ""),
            [&] {
              int count = 3, bucket = 4;
              std::vector<float> hidden = random_vector(size_t(count * dim), 3), before = hidden,
                                 delta = random_vector(size_t(count * dim)), bias = random_vector(size_t(dim)),
                                 weight = random_vector(size_t(dim));
              std::vector<int> gather{2, 0, 2}, rows{count};
              std::vector<bf16> y(size_t(bucket * dim), bf16{0x1234});
              run(rms_norm, {unsigned(bucket), 1, 1}, {256, 1, 1}, 0, hidden.data(), withDelta ? delta.data() : nullptr,
                  withDelta ? bias.data() : nullptr, weight.data(), y.data(), gathered ? gather.data() : nullptr,
                  rows.data(), dim, 1e-5f);
              for (int row = 0; row < count; ++row) {
                size_t from = size_t((gathered ? gather[size_t(row)] : row) * dim);
                std::vector<double> h(static_cast<size_t>(dim));
                double squares = 0;
                for (size_t i = 0; i < h.size(); ++i) {
                  h[i] = before[from + i] + (withDelta ? delta[from + i] + double(bias[i]) : 0);
                  squares += h[i] * h[i];
                  if (withDelta) expect_near(hidden[from + i], h[i], 1e-5, 0, at("hidden", row, (long long)i));
                }
                double scale = 1 / std::sqrt(squares / dim + 1e-5);
                for (size_t i = 0; i < h.size(); ++i) {
                  expect_near(to_float(y[size_t(row * dim) + i]), h[i] * scale * weight[i], 1e-6, 0.0041,
                              at("y", row, (long long)i));
                }
              }
              for (size_t i = size_t(count * dim); i < y.size(); ++i)
                expect_equal(y[i].bits, 0x1234, "beyond the rows");
            });
}

void activates(int ffn) {
  test_case("swiglu of " + std::to_string(ffn), [&] {
    int count = 2;
    std::vector<float> gateUp = random_vector(size_t(2 * count * ffn), 4);
    gateUp[0] = -200, gateUp[1] = 200;
    std::vector<bf16> y(size_t(count * ffn));
    std::vector<int> rows{count};
    run(swiglu, {ceil_div(ffn, 512), 3, 1}, {256, 1, 1}, 0, gateUp.data(), y.data(), rows.data(), ffn);
    for (int row = 0; row < count; ++row) {
      for (int i = 0; i < ffn; ++i) {
        double gate = gateUp[size_t(row * 2 * ffn + i)], up = gateUp[size_t(row * 2 * ffn + ffn + i)];
        expect_near(to_float(y[size_t(row * ffn + i)]), gate / (1 + std::exp(-gate)) * up, 1e-30, 0.0041,
                    at("y", row, i));
      }
    }
  });
}

struct Heads {
  int heads, kvHeads, dim;
};

template <class T, class Kernel>
void places(Kernel kernel, const char* type, Heads s, bool halves, bool bias, bool norm) {
  std::string name = std::string("place_qkv ") + type + " " + std::to_string(s.heads) + "/" +
                     std::to_string(s.kvHeads) + "x" + std::to_string(s.dim) + (halves ? " halves" : " adjacent") +
                     (bias ? " bias" : "") + (norm ? " norm" : "");
  test_case(name, [&] {
    const int count = 3, bucket = 4, blockTokens = 4, blocks = 5, width = (s.heads + 2 * s.kvHeads) * s.dim,
              pairs = s.dim / 2;
    const long long stride = 2LL * s.kvHeads * blockTokens * s.dim + 8 * s.dim; // of a larger block
    std::vector<float> qkv = random_vector(size_t(count * width)), biases = random_vector(size_t(width)),
                       queryNorm = random_vector(size_t(s.dim)), keyNorm = random_vector(size_t(s.dim));
    std::vector<int> positions{0, 17, 6}, slots{19, 3, 8}, rows{count};
    std::vector<float> cosines(size_t(18 * pairs)), sines(size_t(18 * pairs));
    for (size_t i = 0; i < cosines.size(); ++i) {
      double angle = double(i / size_t(pairs)) * std::pow(10000.0, -2.0 * double(i % size_t(pairs)) / s.dim);
      cosines[i] = float(std::cos(angle)), sines[i] = float(std::sin(angle));
    }
    std::vector<T> queries(size_t(count * s.heads * s.dim)),
        kv(size_t(stride * (blocks - 1)) + size_t(2 * s.kvHeads * blockTokens * s.dim), T{0x7777});
    std::vector<bool> written(kv.size());
    run(kernel, {ceil_div(s.heads + 2 * s.kvHeads, 8), unsigned(bucket), 1}, {256, 1, 1}, 0, qkv.data(),
        bias ? biases.data() : nullptr, norm ? queryNorm.data() : nullptr, norm ? keyNorm.data() : nullptr,
        cosines.data(), sines.data(), positions.data(), slots.data(), queries.data(), kv.data(), rows.data(), s.heads,
        s.kvHeads, s.dim, blockTokens, stride, int(halves), 1e-6f);
    for (int row = 0; row < count; ++row) {
      for (int head = 0; head < s.heads + 2 * s.kvHeads; ++head) {
        std::vector<double> x(size_t(s.dim)), turned;
        double squares = 0;
        for (int i = 0; i < s.dim; ++i) {
          x[size_t(i)] = qkv[size_t(row * width + head * s.dim + i)] + (bias ? biases[size_t(head * s.dim + i)] : 0.0);
          squares += x[size_t(i)] * x[size_t(i)];
        }
        bool isValue = head >= s.heads + s.kvHeads;
        turned = x;
        if (!isValue) {
          double scale = norm ? 1 / std::sqrt(squares / s.dim + 1e-6) : 1;
          const auto& weight = head < s.heads ? queryNorm : keyNorm;
          for (int p = 0; p < pairs; ++p) {
            size_t i = size_t(halves ? p : 2 * p), j = size_t(halves ? p + pairs : 2 * p + 1);
            double a = x[i] * scale * (norm ? weight[i] : 1), b = x[j] * scale * (norm ? weight[j] : 1);
            double angle = positions[size_t(row)] * std::pow(10000.0, -2.0 * p / s.dim);
            turned[i] = a * std::cos(angle) - b * std::sin(angle);
            turned[j] = a * std::sin(angle) + b * std::cos(angle);
          }
        }
        for (int i = 0; i < s.dim; ++i) {
          float found;
          if (head < s.heads) {
            found = to_float(queries[size_t((row * s.heads + head) * s.dim + i)]);
          } else {
            int kvHead = (head - s.heads) % s.kvHeads, slot = slots[size_t(row)];
            size_t to = size_t(slot / blockTokens * stride +
                               ((kvHead * 2 + isValue) * blockTokens + slot % blockTokens) * s.dim + i);
            found = to_float(kv[to]);
            written[to] = true;
          }
          expect_near(found, turned[size_t(i)], 2e-5, 0.0041, at("row, head", row, head));
        }
      }
    }
    for (size_t i = 0; i < kv.size(); ++i) {
      if (!written[i]) expect_equal(kv[i].bits, 0x7777, "KV of others");
    }
  });
}

int main() {
  start();
  embeds<F32>(embed_f32), embeds<F16>(embed_f16), embeds<BF16>(embed_bf16), embeds<Q8_0>(embed_q8_0);
  embeds<Q4_0>(embed_q4_0), embeds<Q4_1>(embed_q4_1), embeds<Q5_0>(embed_q5_0), embeds<Q5_1>(embed_q5_1);
  embeds<Q4_K>(embed_q4_k), embeds<Q5_K>(embed_q5_k), embeds<Q6_K>(embed_q6_k);
  norms(2, false, false), norms(257, false, true), norms(1000, true, false);
  activates(2), activates(514), activates(1376);
  places<bf16>(place_qkv_bf16, "bf16", {4, 2, 16}, false, false, false);
  places<bf16>(place_qkv_bf16, "bf16", {7, 1, 64}, true, true, false);
  places<f16>(place_qkv_f16, "f16", {3, 3, 80}, true, false, true);
  places<f16>(place_qkv_f16, "f16", {8, 2, 128}, false, true, true);
  return finish("row_test");
}
