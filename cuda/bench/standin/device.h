// The benchmark on the stand-in: the same program on a CPU, to show that it computes and counts what it says. Its times
// say nothing about a GPU.
#pragma once
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "gpu.h"

constexpr bool HAS_GRAPHS = false;

struct Device {
  std::string name;
  int multiprocessors;
  double memoryBytes, cacheBytes;
  int sharedPerMultiprocessor;
};
inline Device open_device() {
  return {"the stand-in on a CPU (no GPU: times mean nothing)", 2, 64 << 20, 1 << 10, 228 << 10};
}

template <class T> struct Buffer {
  T* data;
  size_t count;
  std::vector<T> values;
  explicit Buffer(size_t n) : count(n), values(n ? n : 1) { data = values.data(); }
  explicit Buffer(const std::vector<T>& given) : Buffer(given.size()) { write(given); }
  Buffer(const Buffer&) = delete;
  void write(const std::vector<T>& given) { std::copy(given.begin(), given.end(), values.begin()); }
  std::vector<T> read() const { return {values.begin(), values.begin() + long(count)}; }
};

inline void copy(void* to, const void* from, size_t bytes) { memcpy(to, from, bytes); }

template <class T> struct as_given { using type = T; };
template <class... A>
void launch(void (*kernel)(A...), dim3 grid, dim3 block, int shared, typename as_given<A>::type... arguments) {
  if (auto error = emu::launch(kernel, grid, block, size_t(shared), 0, arguments...)) {
    fprintf(stderr, "launch: %s\n", error);
    exit(1);
  }
}

inline double elapsed(const std::function<void()>& work) {
  auto from = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
}

// Not captured: the launches again.
struct Graph {
  std::function<void()> work;
  explicit Graph(const std::function<void()>& given) : work(given) {}
  void launch() { work(); }
};
