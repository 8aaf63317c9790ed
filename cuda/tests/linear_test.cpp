// Products of all weight types against the plain sum in double precision.
#include "uploaded.h"
#include "linear_bf16.cu"
#include "linear_f16.cu"
#include "linear_f32.cu"
#include "linear_q4_0.cu"
#include "linear_q4_1.cu"
#include "linear_q4_k.cu"
#include "linear_q5_0.cu"
#include "linear_q5_1.cu"
#include "linear_q5_k.cu"
#include "linear_q6_k.cu"
#include "linear_q8_0.cu"

using Linear = void (*)(const void*, const bf16*, const float*, float*, float*, int*, const int*, int, int, int, int);

struct Shape {
  int rows, n, k, splits;
  bool bias, accumulate;
};

// The bucket is the next of 8, 16, 64 rows; y has room for the rows in use and some columns between them.
template <class Format> void check(Linear kernel, int bucket, const Shape& s) {
  std::string name = std::string("linear ") + Named<Format>::name() + " m" + std::to_string(bucket) + ", " +
                     std::to_string(s.rows) + "x" + std::to_string(s.n) + "x" + std::to_string(s.k) + " in " +
                     std::to_string(s.splits);
  test_case(name, [&] {
    Uploaded<Format> weight(s.n, s.k);
    std::vector<bf16> x = random_vector<bf16>(size_t(s.rows) * size_t(s.k));
    if (s.k > 40) x[size_t(s.k) / 2] = from_float<bf16>(300); // an outlier
    std::vector<float> bias = random_vector(size_t(s.n));
    int stride = s.n + 3;
    std::vector<float> y = random_vector(size_t(stride) * size_t(s.rows)), before = y;
    std::vector<float> partials(s.splits > 1 ? size_t(s.splits) * size_t(bucket) * size_t(s.n) : 0, NAN);
    std::vector<int> tickets(s.splits > 1 ? ceil_div(s.n, 64) : 0), rows{s.rows};
    size_t shared = size_t(bucket) * (Format::HAS_MINIMUM ? 1156 : 1088);
    for (int launch = 0; launch < (s.splits > 1 ? 2 : 1); ++launch) { // again: the tickets are as before
      y = before;
      run(kernel, {ceil_div(s.n, 64), unsigned(s.splits), 1}, {256, 1, 1}, shared, weight.device.data(), x.data(),
          s.bias ? bias.data() : nullptr, y.data(), partials.data(), tickets.data(), rows.data(), s.n, s.k, stride,
          int(s.accumulate));
    }
    for (int row = 0; row < s.rows; ++row) {
      for (int column = 0; column < stride; ++column) {
        size_t i = size_t(row) * size_t(stride) + size_t(column);
        if (column >= s.n) {
          expect_near(y[i], before[i], 0, 0, at("between rows, y", row, column));
          continue;
        }
        double sum = 0, size = 0;
        for (int k = 0; k < s.k; ++k) {
          double product = weight.at(column, k) * to_float(x[size_t(row) * size_t(s.k) + size_t(k)]);
          sum += product;
          size += std::abs(product);
        }
        if (s.bias) sum += bias[size_t(column)];
        if (s.accumulate) sum += before[i];
        expect_near(y[i], sum, 1e-5 * (size + 1), 0, at("y", row, column)); // of what was added up: f32 sums
      }
    }
    for (int ticket : tickets) expect_equal(ticket, 0, "a ticket afterwards");
  });
}

template <class Format> void all(Linear m8, Linear m16, Linear m64) {
  int block = size_of(Named<Format>::type).elements, least = std::max(block, 8);
  check<Format>(m8, 8, {1, 1, least, 1, false, false});
  check<Format>(m8, 8, {3, 70, 3 * least, 1, true, false});
  check<Format>(m8, 8, {8, 129, block == 256 ? 1536 : 1056, 2, true, true});
  check<Format>(m16, 16, {11, 65, block == 256 ? 768 : 544, 2, false, true});
  check<Format>(m64, 64, {37, 40, block == 256 ? 512 : 608, 1, false, false});
}

int main() {
  start();
  all<F32>(linear_f32_m8, linear_f32_m16, linear_f32_m64);
  all<F16>(linear_f16_m8, linear_f16_m16, linear_f16_m64);
  all<BF16>(linear_bf16_m8, linear_bf16_m16, linear_bf16_m64);
  all<Q8_0>(linear_q8_0_m8, linear_q8_0_m16, linear_q8_0_m64);
  all<Q4_0>(linear_q4_0_m8, linear_q4_0_m16, linear_q4_0_m64);
  all<Q4_1>(linear_q4_1_m8, linear_q4_1_m16, linear_q4_1_m64);
  all<Q5_0>(linear_q5_0_m8, linear_q5_0_m16, linear_q5_0_m64);
  all<Q5_1>(linear_q5_1_m8, linear_q5_1_m16, linear_q5_1_m64);
  all<Q4_K>(linear_q4_k_m8, linear_q4_k_m16, linear_q4_k_m64);
  all<Q5_K>(linear_q5_k_m8, linear_q5_k_m16, linear_q5_k_m64);
  all<Q6_K>(linear_q6_k_m8, linear_q6_k_m16, linear_q6_k_m64);
  return finish("linear_test");
}
