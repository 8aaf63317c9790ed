// SwiGLU (arXiv:2002.05202): y = gate / (1 + exp(-gate)) * up.
//
// gate_up [rows, 2 F] f32: gate, then up; y [rows, F] bf16; row_count: rows of this step, in device memory. F even.
// Bytes moved: 10 F a row, the bound.
#include "gpu.h"

// launch: grid (ceil(ffn / 512), rows of the bucket), block 256, shared 0
KERNEL __launch_bounds__(256) swiglu(const float* gate_up, bf16* y, const int* row_count, int ffn) {
  int row = blockIdx.y, at = (blockIdx.x * 256 + threadIdx.x) * 2;
  if (row >= *row_count || at >= ffn) return;
  const float2 gate = *reinterpret_cast<const float2*>(gate_up + (long long)row * 2 * ffn + at);
  const float2 up = *reinterpret_cast<const float2*>(gate_up + (long long)row * 2 * ffn + ffn + at);
  auto silu = [](float x) { return x / (1 + expf(-x)); };
  *reinterpret_cast<uint32_t*>(y + (long long)row * ffn + at) = pack2<bf16>(silu(gate.x) * up.x, silu(gate.y) * up.y);
}
EXPORT_KERNEL(swiglu)
