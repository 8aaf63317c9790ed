// What the machine offers, and memory. Baseline instructions only: this file runs on every x86-64.
#define _GNU_SOURCE
#include <cpuid.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernels.h"

#define HUGE_PAGE (2l << 20)
#define ARCH_REQ_XCOMP_PERM 0x1023
#define XFEATURE_XTILEDATA 18

static int bit(unsigned value, int index) { return value >> index & 1; }

// State that the operating system saves for each thread: XCR0.
static unsigned saved_state(void) {
  unsigned a, b, c, d;
  __cpuid(1, a, b, c, d);
  if (!bit(c, 27)) return 0;  // OSXSAVE
  unsigned low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

int32_t baton_abi(void) { return BATON_ABI; }

int32_t baton_probe(void) {
  unsigned a, b, c, d, b7, c7, d7;
  if (!__get_cpuid_count(7, 0, &a, &b7, &c7, &d7)) return 0;
  __cpuid(1, a, b, c, d);
  unsigned state = saved_state();
  int fma = bit(c, 12) && bit(c, 29);  // FMA, F16C
  if ((state & 6) != 6 || !bit(c, 28) || !bit(b7, 5) || !fma) return 0;
  int32_t can = CAN_AVX2;
  int foundation = bit(b7, 16) && bit(b7, 17) && bit(b7, 30) && bit(b7, 31);  // F, DQ, BW, VL
  if ((state & 0xe0) == 0xe0 && foundation && bit(c7, 11)) can |= CAN_AVX512;   // VNNI
  if ((can & CAN_AVX512) && bit(d7, 22) && bit(d7, 24)) {                        // AMX-BF16, AMX-TILE
    unsigned a71 = 0;
    __get_cpuid_count(7, 1, &a71, &b, &c, &d);
    int permitted = syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
    if (bit(a71, 5) && (saved_state() & 0x60000) == 0x60000 && permitted) can |= CAN_AMX;  // AVX512-BF16
  }
  return can;
}

void *baton_allocate(int64_t bytes) {
  size_t size = (size_t)((bytes + HUGE_PAGE - 1) & -HUGE_PAGE) + HUGE_PAGE;
  char *start = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) return 0;
  char *aligned = (char *)(((uintptr_t)start + HUGE_PAGE - 1) & -(uintptr_t)HUGE_PAGE);
  if (aligned > start) munmap(start, (size_t)(aligned - start));
  size_t tail = size - (size_t)(aligned - start) - (size_t)((bytes + HUGE_PAGE - 1) & -HUGE_PAGE);
  if (tail > 0) munmap(aligned + size - (size_t)(aligned - start) - tail, tail);
  madvise(aligned, (size_t)bytes, MADV_HUGEPAGE);
  return aligned;
}

void baton_free(void *address, int64_t bytes) {
  munmap(address, (size_t)((bytes + HUGE_PAGE - 1) & -HUGE_PAGE));
}

void baton_drop(const void *address, int64_t bytes) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t from = ((uintptr_t)address + page - 1) & -page;
  uintptr_t to = ((uintptr_t)address + (uintptr_t)bytes) & -page;
  if (to > from) madvise((void *)from, to - from, MADV_DONTNEED);
}
