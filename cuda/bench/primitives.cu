// The tensor cores' primitives on given words, to see that a GPU and the stand-in agree on fragment layouts and
// rounding.
//
// words [32 lanes][16] u32 in; results [32 lanes][64] u32 out. One warp.
#include "gpu.h"

// launch: grid (1), block 32, shared 0
KERNEL primitives(const uint32_t* words, uint32_t* results) {
  SHARED(uint32_t, tile, 256); // 32 rows of 8 values of 16 bits, then what cp.async brings
  const int lane = threadIdx.x;
  const uint32_t* w = words + lane * 16;
  uint32_t* r = results + lane * 64;
  for (int i = 0; i < 4; ++i) tile[lane * 4 + i] = w[i];
  __syncwarp();
  ldmatrix_x4(r, tile + lane * 4);
  ldmatrix_x4_trans(r + 4, tile + lane * 4);
  ldmatrix_x4(r + 8, tile + lane % 16 * 4, 256);
  float c[4] = {1, 2, 3, 4};
  mma_m16n8k16<bf16>(c, w, w + 4);
  for (int i = 0; i < 4; ++i) r[12 + i] = __float_as_uint(c[i]);
  float d[4] = {0, 0, 0, 0};
  mma_m16n8k16<f16>(d, w + 6, w + 10);
  for (int i = 0; i < 4; ++i) r[16 + i] = __float_as_uint(d[i]);
  for (int i = 0; i < 4; ++i) cp_async16(tile + 128 + lane * 4, words + lane * 16, 4 * i);
  cp_commit();
  cp_wait<0>();
  __syncwarp();
  for (int i = 0; i < 4; ++i) r[20 + i] = tile[128 + lane * 4 + i];
  const float x = __uint_as_float(w[12]), y = __uint_as_float(w[13]);
  r[24] = pack2<bf16>(x, y);
  r[25] = pack2<f16>(x, y);
  r[26] = from_float<bf16>(x).bits;
  r[27] = from_float<f16>(y).bits;
  r[28] = __float_as_uint(to_float(f16{uint16_t(w[14] & 0xfbff)}));
  r[29] = __float_as_uint(to_float(bf16{uint16_t(w[14])}));
  r[30] = sub_bf16x2((w[15] & 0x007f007fu) | 0x43004300u, (w[15] & 0x00800080u) | 0x43004300u);
  r[31] = __byte_perm(w[0], w[1], 0x4140);
  for (int i = 32; i < 64; ++i) r[i] = 0;
}
EXPORT_KERNEL(primitives)
