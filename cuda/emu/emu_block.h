// The CUDA execution model on a CPU: runs one block, one coroutine a CUDA thread, on the calling OS thread.
//
// Lanes run until they meet at a warp or block barrier. In which order they run is drawn from a seed, so that code
// which leans on an order it was not promised gives another result. Shared memory starts poisoned (all bits set: a
// NaN, or -1). A switch between lanes costs about 12 ns: a bit mask says who can run, and lanes hand over to each other directly.
#pragma once
#include <sys/mman.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#if !defined(__x86_64__) && !defined(EMU_UCONTEXT)
#define EMU_UCONTEXT
#endif
#if defined(EMU_UCONTEXT)
#include <ucontext.h>
#endif

struct uint3 { unsigned x, y, z; };
struct dim3 { unsigned x = 1, y = 1, z = 1; };

namespace emu {

constexpr int MAX_THREADS = 1024, MAX_COPIES = 64, SLOT_BYTES = 64;
constexpr size_t STACK_BYTES = 64 * 1024, STATIC_SHARED_BYTES = 48 * 1024, GUARD_BYTES = 64;
constexpr unsigned char POISON = 0xFF, GUARD = 0x5A;

// A cp.async under way: it lands when its thread waits for its group, not before.
struct Copy { void* to; const void* from; int valid, group; };

struct Thread {
  uint3 index;
  int lane, warp, copyCount, copyGroup;
#if defined(EMU_UCONTEXT)
  ucontext_t context;
#else
  void* stackPointer;
#endif
};

struct Warp {
  uint32_t ready, atWarpBarrier, atBlockBarrier; // lanes, as bits
  int arrived, alive, operation;
  uint32_t phase; // of the exchange slots, so that the next exchange can begin before all have read this one
  alignas(64) unsigned char in[2][32][SLOT_BYTES];
  alignas(64) unsigned char out[2][32][SLOT_BYTES];
};

struct Block {
  dim3 grid, block;
  uint3 index;
  int threadCount, warpCount, alive, arrived;
  bool lastLaneFirst;
  const char* error;
  uint64_t epoch; // counts blocks run; static shared arrays are placed anew in each
  unsigned char* dynamicShared;
  unsigned char* staticShared;
  size_t dynamicBytes, staticBytes;
  void (*body)(void*);
  void* bodyArgument;
  char* stacks;
#if defined(EMU_UCONTEXT)
  ucontext_t scheduler;
#else
  void* scheduler;
#endif
  Thread threads[MAX_THREADS];
  Warp warps[MAX_THREADS / 32];
  Copy copies[MAX_THREADS][MAX_COPIES];
};

inline thread_local Block* current = nullptr; // block that this OS thread runs
inline thread_local Thread* self = nullptr;   // its CUDA thread that runs now

// ---- switching between lanes

inline int pick(uint32_t lanes, bool last) { return last ? 31 - __builtin_clz(lanes) : __builtin_ctz(lanes); }

#if defined(EMU_UCONTEXT)
inline void switch_to(Thread* from, Thread* to) { swapcontext(&from->context, &to->context); }
inline void switch_to_scheduler(Thread* from) { swapcontext(&from->context, &current->scheduler); }
inline void resume(Thread* to) { swapcontext(&current->scheduler, &to->context); }
#else
extern "C" void emu_switch(void** save, void* to);
asm(R"(.text
.hidden emu_switch
.weak emu_switch
.type emu_switch,@function
emu_switch:
  pushq %rbp; pushq %rbx; pushq %r12; pushq %r13; pushq %r14; pushq %r15
  movq %rsp,(%rdi); movq %rsi,%rsp
  popq %r15; popq %r14; popq %r13; popq %r12; popq %rbx; popq %rbp
  popq %rcx; jmpq *%rcx
)");
inline void switch_to(Thread* from, Thread* to) { emu_switch(&from->stackPointer, to->stackPointer); }
inline void switch_to_scheduler(Thread* from) { emu_switch(&from->stackPointer, current->scheduler); }
inline void resume(Thread* to) { emu_switch(&current->scheduler, to->stackPointer); }
#endif

// Lets another lane of this warp run, or, if none can, the block's scheduler choose a warp.
inline void yield() {
  Thread* me = self;
  Warp& warp = current->warps[me->warp];
  if (!warp.ready || current->error) {
    switch_to_scheduler(me);
  } else {
    int lane = pick(warp.ready, current->lastLaneFirst);
    warp.ready &= ~(1u << lane);
    Thread* next = &current->threads[me->warp * 32 + lane];
    if (next == me) return;
    self = next;
    switch_to(me, next);
  }
  self = me;
}

// Ends the block with an error; the calling lane does not come back.
[[gnu::noinline]] inline void fail(const char* error) {
  if (!current->error) current->error = error;
  while (current->error) yield();
}

// ---- barriers

// All live lanes of the warp meet; the last one runs `last` (the tile of an mma, say) before any goes on.
template <class Last> inline void warp_meet(int operation, unsigned mask, Last last) {
  Warp& warp = current->warps[self->warp];
  if (warp.arrived == 0) warp.operation = operation;
  else if (warp.operation != operation) fail("lanes of a warp meet at different warp operations");
  if (__builtin_popcount(mask) < warp.alive) fail("a warp operation names fewer lanes than the warp has");
  if (++warp.arrived < warp.alive) {
    warp.atWarpBarrier |= 1u << self->lane;
    yield();
    return;
  }
  last(warp);
  warp.arrived = 0;
  ++warp.phase;
  warp.ready |= warp.atWarpBarrier;
  warp.atWarpBarrier = 0;
}

inline void release_block() {
  current->arrived = 0;
  for (int w = 0; w < current->warpCount; ++w) {
    current->warps[w].ready |= current->warps[w].atBlockBarrier;
    current->warps[w].atBlockBarrier = 0;
  }
}

inline void block_meet() {
  if (++current->arrived == current->alive) {
    release_block();
    return;
  }
  current->warps[self->warp].atBlockBarrier |= 1u << self->lane;
  yield();
}

inline void thread_end() {
  Warp& warp = current->warps[self->warp];
  --warp.alive;
  --current->alive;
  if (warp.arrived && warp.arrived == warp.alive) current->error = "a lane ended while its warp waits for it";
  if (current->alive && current->arrived == current->alive) release_block();
}

inline void thread_main() {
  current->body(current->bodyArgument);
  thread_end();
  for (;;) yield();
}

// ---- shared memory

// Where one SHARED declaration lies in the block that runs now.
struct SharedSlot { uint64_t epoch; void* at; };

inline void* place_shared(SharedSlot& slot, size_t bytes) {
  if (slot.epoch != current->epoch) {
    size_t at = (current->staticBytes + 15) & ~size_t(15);
    if (at + bytes > STATIC_SHARED_BYTES) fail("static shared memory is over 48 KiB");
    slot = {current->epoch, current->staticShared + at};
    current->staticBytes = at + bytes;
  }
  return slot.at;
}

inline void prepare_shared(size_t dynamicBytes) {
  if (!current->staticShared) current->staticShared = (unsigned char*)aligned_alloc(128, STATIC_SHARED_BYTES);
  memset(current->staticShared, POISON, current->staticBytes); // as far as the last block may have written
  current->staticBytes = 0;
  if (dynamicBytes != current->dynamicBytes || !current->dynamicShared) {
    free(current->dynamicShared);
    current->dynamicShared = (unsigned char*)aligned_alloc(128, (dynamicBytes + GUARD_BYTES + 127) & ~size_t(127));
    current->dynamicBytes = dynamicBytes;
  }
  memset(current->dynamicShared, POISON, dynamicBytes);
  memset(current->dynamicShared + dynamicBytes, GUARD, GUARD_BYTES);
}

inline bool guard_holds() {
  for (size_t i = 0; i < GUARD_BYTES; ++i) {
    if (current->dynamicShared[current->dynamicBytes + i] != GUARD) return false;
  }
  return true;
}

// ---- running a block

inline void prepare_thread(int i) {
  Thread& thread = current->threads[i];
  const dim3& block = current->block;
  thread.index = {i % block.x, i / block.x % block.y, i / block.x / block.y};
  thread.lane = i & 31;
  thread.warp = i >> 5;
  thread.copyCount = thread.copyGroup = 0;
  // Stacks start at unlike cache lines, or all lanes' frames would fall into the same cache sets.
  char* top = current->stacks + (size_t)(i + 1) * STACK_BYTES + STACK_BYTES / 2 - (i & 63) * 320;
#if defined(EMU_UCONTEXT)
  getcontext(&thread.context);
  thread.context.uc_stack.ss_sp = top - STACK_BYTES / 2;
  thread.context.uc_stack.ss_size = STACK_BYTES / 2;
  thread.context.uc_link = nullptr;
  makecontext(&thread.context, thread_main, 0);
#else
  void** frame = (void**)((uintptr_t)top & ~uintptr_t(15));
  *--frame = nullptr;
  *--frame = (void*)thread_main;
  frame -= 6;
  memset(frame, 0, 6 * sizeof(void*));
  thread.stackPointer = frame;
#endif
}

inline void prepare_warp(int w) {
  Warp& warp = current->warps[w];
  int lanes = current->threadCount - w * 32 < 32 ? current->threadCount - w * 32 : 32;
  warp.ready = lanes == 32 ? ~0u : (1u << lanes) - 1;
  warp.atWarpBarrier = warp.atBlockBarrier = 0;
  warp.arrived = 0;
  warp.alive = lanes;
}

inline Block* block_of_this_thread() {
  if (!current) {
    size_t bytes = (sizeof(Block) + 63) & ~size_t(63);
    current = (Block*)aligned_alloc(64, bytes);
    memset((void*)current, 0, bytes);
    current->stacks = (char*)mmap(nullptr, STACK_BYTES * (MAX_THREADS + 1), PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  }
  return current;
}

// Frees what an OS thread keeps for the blocks it runs.
inline void release_thread() {
  if (!current) return;
  munmap(current->stacks, STACK_BYTES * (MAX_THREADS + 1));
  free(current->dynamicShared);
  free(current->staticShared);
  free(current);
  current = nullptr;
}

inline uint64_t next_random(uint64_t& state) {
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

// Runs block number `linear` of the grid to its end.
//   seed  0: lanes and warps in ascending order, else an order drawn from it
// returns an error text, or null
inline const char* run_block(dim3 grid, dim3 block, size_t dynamicBytes, uint64_t linear, uint64_t seed,
                             void (*body)(void*), void* argument) {
  Block* b = block_of_this_thread();
  b->grid = grid;
  b->block = block;
  b->index = {unsigned(linear % grid.x), unsigned(linear / grid.x % grid.y), unsigned(linear / grid.x / grid.y)};
  b->error = nullptr;
  b->body = body;
  b->bodyArgument = argument;
  b->threadCount = b->alive = block.x * block.y * block.z;
  b->warpCount = (b->threadCount + 31) / 32;
  b->arrived = 0;
  ++b->epoch;
  prepare_shared(dynamicBytes);
  for (int w = 0; w < b->warpCount; ++w) prepare_warp(w);
  for (int i = 0; i < b->threadCount; ++i) prepare_thread(i);

  uint64_t random = seed ? seed * 0x9E3779B97F4A7C15ull + linear + 1 : 0;
  b->lastLaneFirst = false;
  while (b->alive > 0) {
    unsigned firstWarp = 0;
    if (seed) {
      uint64_t draw = next_random(random);
      firstWarp = unsigned(draw >> 33);
      b->lastLaneFirst = draw >> 20 & 1;
    }
    bool ran = false;
    for (int k = 0; k < b->warpCount; ++k) {
      int w = int((k + firstWarp) % b->warpCount);
      while (b->warps[w].ready && !b->error) {
        int lane = pick(b->warps[w].ready, b->lastLaneFirst);
        b->warps[w].ready &= ~(1u << lane);
        ran = true;
        self = &b->threads[w * 32 + lane];
        resume(self);
      }
    }
    if (b->error) return b->error;
    if (!ran) return "deadlock: not all threads of the block reach the same barrier";
  }
  return guard_holds() ? nullptr : "a write behind the end of dynamic shared memory";
}

} // namespace emu
