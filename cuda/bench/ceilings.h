// What the device can do at most: copies, and products of large matrices with the own kernel.
#pragma once
#include "gemm.cu"
#include "measure.h"

inline void ceilings(Setting& setting) {
  heading("ceilings");
  size_t bytes = setting.size == Size::TINY ? 1 << 16 : size_t(std::min(4e9, setting.device.memoryBytes / 4));
  {
    Buffer<uint8_t> from(bytes), to(bytes);
    setting.copyBandwidth = 2.0 * double(bytes) / seconds(setting, [&] { copy(to.data, from.data, bytes); });
    printf("device copy of %.1f MB: %.0f GB/s read and written\n", double(bytes) / 1e6, setting.copyBandwidth / 1e9);
  }
  int n = setting.size == Size::TINY ? 64 : 8192;
  Buffer<bf16> x(size_t(n) * size_t(n)), w(size_t(n) * size_t(n));
  Buffer<float> y(size_t(n) * size_t(n));
  Buffer<int> rows(std::vector<int>{n});
  randomise(x, 1, 1), randomise(w, 2, 1);
  double time = seconds(setting, [&] {
    launch(gemm, dim3{blocks_for(n, 128), blocks_for(n, 128), 1}, dim3{256, 1, 1}, 61440, w.data, x.data, nullptr,
           y.data, rows.data, n, n, n, 0);
  });
  printf("own gemm %d x %d x %d: %.1f TFLOP/s (a library's: the PyTorch part)\n", n, n, n,
         2.0 * n * n * n / time / 1e12);
}
