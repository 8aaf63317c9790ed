// What a host-built kernel library tells the driver stand-in about one kernel.
#pragma once
#include <cstddef>
#include <cstdint>

#include "emu_block.h"

struct emu_kernel {
  const char* name;
  int argumentCount;
  const uint32_t* argumentSizes;
  // Runs one block; returns an error text or null.
  const char* (*runBlock)(dim3 grid, dim3 block, size_t dynamicBytes, uint64_t linear, uint64_t seed, void** arguments);
  // To be called at the end of each OS thread that ran blocks.
  void (*releaseThread)();
};
