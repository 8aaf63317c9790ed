// CUDA's words for g++: what gpu.h gives a kernel under nvcc, over the execution model of emu_block.h.
// Warp operations need all live lanes of the warp; partial masks are refused as an error, never answered wrongly.
#pragma once
#include "emu_block.h"
#include "emu_launch.h"

#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __restrict__ __restrict
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))
#define KERNEL static void
#define DEVICE inline
#define EITHER inline
#define SHARED(T, name, count)                        \
  static thread_local emu::SharedSlot name##_slot;    \
  T* const name = (T*)emu::place_shared(name##_slot, sizeof(T) * (count))
#define DYN_SHARED(T, name) T* const name = reinterpret_cast<T*>(emu::current->dynamicShared)

#define threadIdx (emu::self->index)
#define blockIdx (emu::current->index)
#define blockDim (emu::current->block)
#define gridDim (emu::current->grid)
constexpr int warpSize = 32;

struct alignas(8) int2 { int x, y; };
struct alignas(8) uint2 { unsigned x, y; };
struct alignas(8) float2 { float x, y; };
struct alignas(16) int4 { int x, y, z, w; };
struct alignas(16) uint4 { unsigned x, y, z, w; };
struct alignas(16) float4 { float x, y, z, w; };
inline int2 make_int2(int x, int y) { return {x, y}; }
inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
inline float2 make_float2(float x, float y) { return {x, y}; }
inline int4 make_int4(int x, int y, int z, int w) { return {x, y, z, w}; }
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }

// ---- scalars

template <class To, class From> inline To bit_copy(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  memcpy(&to, &from, sizeof to);
  return to;
}
inline unsigned __float_as_uint(float x) { return bit_copy<unsigned>(x); }
inline float __uint_as_float(unsigned x) { return bit_copy<float>(x); }
inline int __float_as_int(float x) { return bit_copy<int>(x); }
inline float __int_as_float(int x) { return bit_copy<float>(x); }
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __clz(unsigned x) { return x ? __builtin_clz(x) : 32; }
inline int __ffs(unsigned x) { return __builtin_ffs(int(x)); }
template <class T> inline T __ldg(const T* p) { return *p; }
inline float __expf(float x) { return expf(x); }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __dsub_rn(double a, double b) { return a - b; }
inline float __logf(float x) { return logf(x); }
inline float __fdividef(float x, float y) { return x / y; }
inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
inline float exp2_approx(float x) { return exp2f(x); }
template <class T> inline T min(T a, T b) { return b < a ? b : a; }
template <class T> inline T max(T a, T b) { return a < b ? b : a; }

// Bytes of {b, a} chosen by the low three bits of the selector's nibbles.
inline unsigned __byte_perm(unsigned a, unsigned b, unsigned selector) {
  uint64_t bytes = uint64_t(b) << 32 | a;
  unsigned result = 0;
  for (int i = 0; i < 4; ++i) result |= unsigned(bytes >> (selector >> 4 * i & 7) * 8 & 0xff) << 8 * i;
  return result;
}

inline float to_float(float x) { return x; }
inline float to_float(bf16 x) { return __uint_as_float(uint32_t(x.bits) << 16); }
inline float to_float(f16 x) { return float(bit_copy<_Float16>(x.bits)); }
template <class T> inline T from_float(float x);
template <> inline float from_float<float>(float x) { return x; }
template <> inline bf16 from_float<bf16>(float x) {
  uint32_t bits = __float_as_uint(x);
  if ((bits & 0x7fffffff) > 0x7f800000) return {0x7fff};
  return {uint16_t((bits + 0x7fff + ((bits >> 16) & 1)) >> 16)};
}
template <> inline f16 from_float<f16>(float x) { return {bit_copy<uint16_t>(_Float16(x))}; }

template <class T> inline uint32_t pack2(float low, float high) {
  return uint32_t(from_float<T>(high).bits) << 16 | from_float<T>(low).bits;
}
inline uint32_t sub_bf16x2(uint32_t a, uint32_t b) {
  auto half = [](uint32_t pair, int shift) { return to_float(bf16{uint16_t(pair >> shift)}); };
  return pack2<bf16>(half(a, 0) - half(b, 0), half(a, 16) - half(b, 16));
}
inline uint4 load_once(const void* p) {
  if ((uintptr_t)p % 16) emu::fail("a load of 16 bytes does not start at a multiple of 16 bytes");
  return *(const uint4*)p;
}
inline float load_shared_l2(const float* p) {
  return __uint_as_float(__atomic_load_n((const unsigned*)p, __ATOMIC_RELAXED));
}

// ---- atomics and fences

inline void __threadfence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
inline void __threadfence_block() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
inline int atomicAdd(int* p, int v) { return __atomic_fetch_add(p, v, __ATOMIC_RELAXED); }
inline unsigned atomicAdd(unsigned* p, unsigned v) { return __atomic_fetch_add(p, v, __ATOMIC_RELAXED); }
inline unsigned long long atomicAdd(unsigned long long* p, unsigned long long v) {
  return __atomic_fetch_add(p, v, __ATOMIC_RELAXED);
}
inline int atomicExch(int* p, int v) { return __atomic_exchange_n(p, v, __ATOMIC_RELAXED); }
inline int atomicCAS(int* p, int expected, int v) {
  __atomic_compare_exchange_n(p, &expected, v, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  return expected;
}
// Replaces *p by next(*p); returns the value before.
template <class T, class Next> inline T atomic_update(T* p, Next next) {
  using Bits = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
  Bits before = __atomic_load_n((Bits*)p, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n((Bits*)p, &before, bit_copy<Bits>(next(bit_copy<T>(before))), true,
                                      __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
  return bit_copy<T>(before);
}
inline float atomicAdd(float* p, float v) { return atomic_update(p, [v](float x) { return x + v; }); }
inline int atomicMax(int* p, int v) { return atomic_update(p, [v](int x) { return x < v ? v : x; }); }
inline int atomicMin(int* p, int v) { return atomic_update(p, [v](int x) { return v < x ? v : x; }); }
inline unsigned long long atomicMax(unsigned long long* p, unsigned long long v) {
  return atomic_update(p, [v](unsigned long long x) { return x < v ? v : x; });
}

// ---- barriers and exchanges

namespace emu {
enum Operation { SYNC_WARP = 1, SHUFFLE, BALLOT, MMA, LDMATRIX };

// Every lane gives a value and gets the one that lane `source` gave.
template <class V> inline V exchange(unsigned mask, V value, int source) {
  static_assert(sizeof(V) <= SLOT_BYTES);
  Warp& warp = current->warps[self->warp];
  int phase = warp.phase & 1;
  memcpy(warp.in[phase][self->lane], &value, sizeof value);
  warp_meet(SHUFFLE, mask, [](Warp&) {});
  V result;
  memcpy(&result, warp.in[phase][source & 31], sizeof result);
  return result;
}
} // namespace emu

inline void __syncthreads() { emu::block_meet(); }
inline void __syncwarp(unsigned mask = FULL_WARP) {
  emu::warp_meet(emu::SYNC_WARP, mask, [](emu::Warp&) {});
}
template <class V> inline V __shfl_xor_sync(unsigned mask, V value, int bits, int = 32) {
  return emu::exchange(mask, value, emu::self->lane ^ bits);
}
template <class V> inline V __shfl_sync(unsigned mask, V value, int source, int width = 32) {
  return emu::exchange(mask, value, (emu::self->lane & ~(width - 1)) | (source & (width - 1)));
}
template <class V> inline V __shfl_down_sync(unsigned mask, V value, int delta, int width = 32) {
  int lane = emu::self->lane, source = lane + delta;
  return emu::exchange(mask, value, (source ^ lane) & ~(width - 1) ? lane : source);
}
template <class V> inline V __shfl_up_sync(unsigned mask, V value, int delta, int width = 32) {
  int lane = emu::self->lane, source = lane - delta;
  return emu::exchange(mask, value, source < (lane & ~(width - 1)) ? lane : source);
}
inline unsigned __ballot_sync(unsigned mask, int predicate) {
  emu::Warp& warp = emu::current->warps[emu::self->warp];
  int phase = warp.phase & 1;
  warp.in[phase][emu::self->lane][0] = predicate != 0;
  emu::warp_meet(emu::BALLOT, mask, [phase](emu::Warp& w) {
    unsigned votes = 0;
    uint32_t arrived = w.atWarpBarrier | 1u << emu::self->lane;
    for (int lane = 0; lane < 32; ++lane) {
      if (arrived >> lane & 1 && w.in[phase][lane][0]) votes |= 1u << lane;
    }
    memcpy(w.out[phase][0], &votes, sizeof votes);
  });
  unsigned votes;
  memcpy(&votes, warp.out[phase][0], sizeof votes);
  return votes;
}
inline int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }
inline int __all_sync(unsigned mask, int predicate) { return __ballot_sync(mask, !predicate) == 0; }

#include "emu_tensor.h"
