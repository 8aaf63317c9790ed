// The one door to the device: every kernel is written over these primitives, so that the same source is compiled by
// nvcc for the GPU and by g++ for the stand-in (emu/gpu_emu.h). No other header may ask which compiler reads it.
//
//   KERNEL name(args) { ... }   EXPORT_KERNEL(name)      a kernel and its export to the host build
//   SHARED(float, tile, 16 * 33);                        static shared memory, tile is float*
//   DYN_SHARED(bf16, stage);                             dynamic shared memory, 16-byte aligned
//
// Baseline is sm_80: mma.sync, ldmatrix, cp.async. Warp operations name the full mask; the stand-in refuses others.
#pragma once
#include <stdint.h>

struct bf16 { uint16_t bits; };
struct f16 { uint16_t bits; };
constexpr unsigned FULL_WARP = 0xffffffffu;

#if !defined(__CUDACC__)
#include "gpu_emu.h"
#else

#define KERNEL extern "C" __global__ void
#define EXPORT_KERNEL(name)
#define DEVICE __device__ __forceinline__
#define SHARED(T, name, count) __shared__ __align__(16) T name[count]
#define DYN_SHARED(T, name) T* name = reinterpret_cast<T*>(dyn_shared)
extern __shared__ __align__(16) unsigned char dyn_shared[];

#if defined(GPU_TESTS) // the tests convert on the host, too
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#define EITHER __host__ __device__ __forceinline__
EITHER float to_float(float x) { return x; }
EITHER float to_float(bf16 x) { return __bfloat162float(__nv_bfloat16(__nv_bfloat16_raw{x.bits})); }
EITHER float to_float(f16 x) { return __half2float(__half(__half_raw{x.bits})); }
template <class T> EITHER T from_float(float x);
template <> EITHER float from_float<float>(float x) { return x; }
template <> EITHER bf16 from_float<bf16>(float x) { return {__nv_bfloat16_raw(__float2bfloat16_rn(x)).x}; }
template <> EITHER f16 from_float<f16>(float x) { return {__half_raw(__float2half_rn(x)).x}; }
#else
#define EITHER DEVICE
DEVICE float to_float(float x) { return x; }
DEVICE float to_float(bf16 x) { return __uint_as_float(uint32_t(x.bits) << 16); }
DEVICE float to_float(f16 x) {
  float f;
  asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"(x.bits));
  return f;
}
template <class T> DEVICE T from_float(float x);
template <> DEVICE float from_float<float>(float x) { return x; }
template <> DEVICE bf16 from_float<bf16>(float x) {
  bf16 r;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(r.bits) : "f"(x));
  return r;
}
template <> DEVICE f16 from_float<f16>(float x) {
  f16 r;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(r.bits) : "f"(x));
  return r;
}
#endif

// Two values in one register, the first in the lower half, as mma takes them.
template <class T> DEVICE uint32_t pack2(float low, float high);
template <> DEVICE uint32_t pack2<bf16>(float low, float high) {
  uint32_t r;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
  return r;
}
template <> DEVICE uint32_t pack2<f16>(float low, float high) {
  uint32_t r;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
  return r;
}
// a - b of two bf16 each.
DEVICE uint32_t sub_bf16x2(uint32_t a, uint32_t b) {
  uint32_t r;
  asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(r) : "r"(b), "r"(0xbf80bf80u), "r"(a)); // b * -1 + a
  return r;
}

// 16 bytes that nobody reads again, past the nearest cache.
DEVICE uint4 load_once(const void* p) {
  uint4 v;
  asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0,%1,%2,%3}, [%4];"
               : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
               : "l"(p));
  return v;
}
// What another block wrote in this launch: read where blocks meet, not in this multiprocessor's own cache.
DEVICE float load_shared_l2(const float* p) { return __ldcg(p); }

// Base-2 exponential, approximate (2 ulp); exp2_approx(-inf) = 0.
DEVICE float exp2_approx(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// c[16x8] += a[16x16] b[16x8], f32 sums. Lane l holds, with g = l / 4 and q = 2 (l % 4):
//   a: rows g, g+8, g, g+8 at columns q, q, q+8, q+8 (two values a register); b: rows q, q+8 of column g;
//   c: (g, q), (g, q+1), (g+8, q), (g+8, q+1).
template <class T> DEVICE void mma_m16n8k16(float c[4], const uint32_t a[4], const uint32_t b[2]);
#define GPU_MMA(T, type)                                                                                          \
  template <> DEVICE void mma_m16n8k16<T>(float c[4], const uint32_t a[4], const uint32_t b[2]) {                \
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32." type "." type                                          \
                 ".f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"                                    \
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])                                                \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));                            \
  }
GPU_MMA(bf16, "bf16")
GPU_MMA(f16, "f16")
#undef GPU_MMA

// Loads four 8x8 tiles of 16-bit values from shared memory; lane l gives the 16-byte row l % 8 of tile l / 8, and gets
// of each tile the values (l / 4, 2 (l % 4)) and the next; _trans gets them of the transposed tile.
// The row is at `row` + `offset` bytes: what differs between calls by constants should come by the offset, which costs no
// register.
DEVICE void ldmatrix_x4(uint32_t r[4], const void* row, int offset = 0) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"((uint32_t)__cvta_generic_to_shared(row) + offset));
}
DEVICE void ldmatrix_x4_trans(uint32_t r[4], const void* row, int offset = 0) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"((uint32_t)__cvta_generic_to_shared(row) + offset));
}

// Copies 16 bytes from global to shared memory behind the program's back; bytes beyond `valid` (0..16) become zero, and
// with 0 the source is not read. They are there after a cp_wait that covers their group, and a barrier.
DEVICE void cp_async16(void* shared, const void* global, int valid = 16) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"((uint32_t)__cvta_generic_to_shared(shared)),
               "l"(global), "r"(valid));
}
DEVICE void cp_commit() { asm volatile("cp.async.commit_group;"); }
// Waits until all but the last `pending` groups of this thread have landed.
template <int pending> DEVICE void cp_wait() { asm volatile("cp.async.wait_group %0;" ::"n"(pending)); }

#endif
