// Weight products of decode: bytes of weights a second against the copy, by rows and type.
#pragma once
#include "linear_q4_k.cu"
#include "linear_q8_0.cu"
#include "model.h"

using LinearKernel = void (*)(const void*, const bf16*, const float*, float*, float*, int*, const int*, int, int, int,
                              int);

struct ProductType {
  const char* name;
  LinearKernel kernels[3]; // up to 8, 16 and 64 rows
  int rowBytes;            // of shared memory
  double valueBits;
};

inline void products(const Setting& setting) {
  heading("weight products");
  printf("type,n,k,rows,us,weights_of_copy\n");
  const ProductType types[] = {{"BF16", {linear_bf16_m8, linear_bf16_m16, linear_bf16_m64}, 1088, 16},
                               {"Q8_0", {linear_q8_0_m8, linear_q8_0_m16, linear_q8_0_m64}, 1088, 8.5},
                               {"Q4_K", {linear_q4_k_m8, linear_q4_k_m16, linear_q4_k_m64}, 1156, 4.625}};
  std::vector<std::pair<int, int>> shapes{{6144, 4096}, {4096, 4096}, {28672, 4096}, {4096, 14336}, {128256, 4096}};
  std::vector<int> counts{1, 4, 8, 16, 32, 64};
  if (setting.size == Size::TINY) shapes = {{70, 512}}, counts = {1, 20};
  for (const ProductType& type : types) {
    for (const auto& shape : shapes) {
      const int n = shape.first, k = shape.second;
      double bytes = double(n) * k * type.valueBits / 8;
      int copies =
          int(std::max(1.0, std::min(16.0, std::ceil(4 * setting.device.cacheBytes / bytes)))); // beyond the cache
      size_t size = (size_t(bytes) + 255) / 256 * 256;
      Buffer<uint8_t> weights(size * size_t(copies));
      Buffer<bf16> x(64 * size_t(k));
      Buffer<float> y(64 * size_t(n)), partials(8 * 64 * size_t(n));
      Buffer<int> tickets(size_t(n) / 64 + 1);
      for (int rows : counts) {
        Buffer<int> rowCount(std::vector<int>{rows});
        int which = rows <= 8 ? 0 : rows <= 16 ? 1 : 2, bucket = rows <= 8 ? 8 : rows <= 16 ? 16 : 64, copy = 0;
        dim3 grid{blocks_for(n, 64), unsigned(linear_splits(setting.device.multiprocessors, n, k)), 1};
        double time = seconds(setting, [&] {
          launch(type.kernels[which], grid, dim3{256, 1, 1}, bucket * type.rowBytes,
                 weights.data + size * size_t(copy++ % copies), x.data, nullptr, y.data, partials.data, tickets.data,
                 rowCount.data, n, k, n, 0);
        });
        printf("%s,%d,%d,%d,%.2f,%.3f\n", type.name, n, k, rows, time * 1e6, bytes / time / setting.copyBandwidth);
        fflush(stdout);
      }
    }
  }
}
