// A random weight matrix as it stands in a file and as the kernels read it.
#pragma once
#include "blocks.h"
#include "repack.cu"

using Repack = void (*)(const uint8_t*, uint8_t*, int, int, int, int);

// The kernels of a type; what has no repack kernel is uploaded as it is.
template <class Format> struct Named;
#define NAMED(F, low, repackKernel)                 \
  template <> struct Named<F> {                     \
    static constexpr Type type = Type::F;           \
    static Repack repack() { return repackKernel; } \
    static const char* name() { return #F; }        \
  };
NAMED(F32, f32, nullptr)
NAMED(F16, f16, nullptr)
NAMED(BF16, bf16, nullptr)
NAMED(Q8_0, q8_0, repack_q8_0) NAMED(Q4_0, q4_0, repack_q4_0) NAMED(Q4_1, q4_1, repack_q4_1)
    NAMED(Q5_0, q5_0, repack_q5_0) NAMED(Q5_1, q5_1, repack_q5_1) NAMED(Q4_K, q4_k, repack_q4_k)
        NAMED(Q5_K, q5_k, repack_q5_k) NAMED(Q6_K, q6_k, repack_q6_k)

            template <class Format>
            struct Uploaded {
  std::vector<std::vector<uint8_t>> rows;
  std::vector<uint8_t> device;
  int n, k;

  Uploaded(int rowCount, int columns) : n(rowCount), k(columns) {
    for (int i = 0; i < n; ++i) rows.push_back(random_row(Named<Format>::type, k));
    auto slice = [&](int from, int to) {
      std::vector<uint8_t> raw;
      for (int i = from; i < to; ++i) raw.insert(raw.end(), rows[size_t(i)].begin(), rows[size_t(i)].end());
      return raw;
    };
    if (!Named<Format>::repack()) {
      device = slice(0, n);
      return;
    }
    device.assign(size_t(packed_bytes<Format>(n, k)), 0xCD);
    for (int from = 0; from < n;) { // as a model is uploaded: slice by slice
      int count = std::min(n - from, random_int(1, n));
      std::vector<uint8_t> raw = slice(from, from + count);
      unsigned blocks = ceil_div((long long)count * ceil_div(k, SUPER) * 8, 256);
      run(Named<Format>::repack(), {blocks, 1, 1}, {256, 1, 1}, 0, raw.data(), device.data(), count, from, n, k);
      from += count;
    }
  }

  double at(int row, int column) const { return value(Named<Format>::type, rows[size_t(row)], column); }
};
