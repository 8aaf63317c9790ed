// How the host build exports a kernel and how it is called: from the driver stand-in by address block, from C++ tests
// with typed arguments.
#pragma once
#include <type_traits>
#include <utility>

#include "emu_kernel.h"

namespace emu {

template <class... A> struct Call { void (*kernel)(A...); void** arguments; };

template <class... A, size_t... I>
inline void invoke(void (*kernel)(A...), void** arguments, std::index_sequence<I...>) {
  kernel(*(std::remove_reference_t<A>*)arguments[I]...);
}

template <class... A>
inline const char* run_kernel_block(void (*kernel)(A...), dim3 grid, dim3 block, size_t dynamicBytes, uint64_t linear,
                                    uint64_t seed, void** arguments) {
  Call<A...> call{kernel, arguments};
  auto body = [](void* c) {
    auto* made = (Call<A...>*)c;
    invoke(made->kernel, made->arguments, std::index_sequence_for<A...>{});
  };
  return run_block(grid, block, dynamicBytes, linear, seed, body, &call);
}

template <class... A> constexpr int argument_count(void (*)(A...)) { return sizeof...(A); }
template <class... A> inline const uint32_t* argument_sizes(void (*)(A...)) {
  static const uint32_t sizes[] = {(uint32_t)sizeof(A)..., 0};
  return sizes;
}

template <class T> struct same { using type = T; }; // keeps the arguments out of type deduction

// For C++ tests: runs all blocks on this OS thread, in a seeded order; returns an error text or null.
template <class... A>
inline const char* launch(void (*kernel)(A...), dim3 grid, dim3 block, size_t dynamicBytes, uint64_t seed,
                          typename same<A>::type... arguments) {
  void* addresses[] = {(void*)&arguments..., nullptr};
  uint64_t count = uint64_t(grid.x) * grid.y * grid.z;
  uint64_t first = seed ? seed * 0x9E3779B97F4A7C15ull % count : 0;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t linear = seed & 1 ? (first + count - i) % count : (first + i) % count;
    if (auto error = run_kernel_block(kernel, grid, block, dynamicBytes, linear, seed, addresses)) return error;
  }
  return nullptr;
}

} // namespace emu

#define EXPORT_KERNEL(k)                                                                                      \
  extern "C" __attribute__((visibility("default"))) const emu_kernel* emu_kernel_##k() {                     \
    static const emu_kernel exported = {                                                                      \
        #k, emu::argument_count(k), emu::argument_sizes(k),                                                   \
        [](dim3 grid, dim3 block, size_t dynamicBytes, uint64_t linear, uint64_t seed, void** arguments) {    \
          return emu::run_kernel_block(k, grid, block, dynamicBytes, linear, seed, arguments);                \
        },                                                                                                    \
        emu::release_thread};                                                                                 \
    return &exported;                                                                                         \
  }
