// Products of many rows: weights expanded to bf16, then the tiled product, against the plain sum in double precision.
#include "uploaded.h"
#include "expand.cu"
#include "gemm.cu"

using Expand = void (*)(const void*, bf16*, int, int, int, int, int);

template <class Format> void expands(Expand kernel) {
  test_case(std::string("expand ") + Named<Format>::name(), [&] {
    int block = size_of(Named<Format>::type).elements, n = 9, k = block == 256 ? 512 : block == 32 ? 160 : 200;
    Uploaded<Format> weight(n, k);
    std::vector<bf16> parts[2];
    for (int part = 0; part < 2; ++part) {
      parts[part].resize(size_t(n * k));
      for (int from = 0, count; from < n; from += count) { // in slices, as a scratch buffer may hold them
        count = std::min(n - from, 4);
        unsigned blocks = ceil_div((long long)count * ceil_div(k, UNIT) * 4 * Format::PIECES, 256);
        run(kernel, {blocks, 1, 1}, {256, 1, 1}, 0, weight.device.data(), &parts[part][size_t(from * k)], count, from,
            n, k, part);
      }
    }
    for (int row = 0; row < n; ++row) {
      for (int column = 0; column < k; ++column) {
        double value = weight.at(row, column), first = to_float(parts[0][size_t(row * k + column)]);
        expect_near(first, value, 1e-7, 0.004, at("rounded", row, column));
        expect_near(first + to_float(parts[1][size_t(row * k + column)]), value, 1e-6, 1.6e-5, at("sum", row, column));
      }
    }
  });
}

void multiplies(int m, int n, int k, bool bias, bool accumulate) {
  test_case("gemm " + std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k), [&] {
    std::vector<bf16> x = random_vector<bf16>(size_t(m * k)), w = random_vector<bf16>(size_t(n * k));
    std::vector<float> biases = random_vector(size_t(n)), y = random_vector(size_t(m * (n + 1))), before = y;
    std::vector<int> rows{m};
    run(gemm, {ceil_div(m, 128) + 1, ceil_div(n, 128), 1}, {256, 1, 1}, 61440, w.data(), x.data(),
        bias ? biases.data() : nullptr, y.data(), rows.data(), n, k, n + 1, int(accumulate));
    for (int row = 0; row < m; ++row) {
      for (int column = 0; column <= n; ++column) {
        size_t i = size_t(row * (n + 1) + column);
        double sum = accumulate || column == n ? before[i] : 0, size = 1;
        for (int j = 0; j < k && column < n; ++j) {
          double product = double(to_float(x[size_t(row * k + j)])) * to_float(w[size_t(column * k + j)]);
          sum += product, size += std::abs(product);
        }
        if (bias && column < n) sum += biases[size_t(column)];
        expect_near(y[i], sum, 1e-6 * size, 0, at("y", row, column));
      }
    }
  });
}

int main() {
  start();
  expands<F32>(expand_f32), expands<F16>(expand_f16), expands<BF16>(expand_bf16), expands<Q8_0>(expand_q8_0);
  expands<Q4_0>(expand_q4_0), expands<Q4_1>(expand_q4_1), expands<Q5_0>(expand_q5_0), expands<Q5_1>(expand_q5_1);
  expands<Q4_K>(expand_q4_k), expands<Q5_K>(expand_q5_k), expands<Q6_K>(expand_q6_k);
  multiplies(1, 1, 8, false, false);
  multiplies(130, 129, 72, true, false);
  multiplies(65, 300, 200, false, true);
  return finish("gemm_test");
}
