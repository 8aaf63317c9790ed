// What the kernels' tests share: seeded data, launches that must succeed, comparison with a reference in double
// precision.
//
// The same programs run on the stand-in (tests/standin) and on a GPU (tests/gpu). Buffers are vectors of exactly the
// size that a kernel is promised, so that AddressSanitizer sees each access beyond them. Each case prints one line, "ok
// NAME" or "FAILED NAME: why", which the Java test reports one by one.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "gpu.h"
#include "device_under_test.h"

inline uint64_t seed = 0;
inline int failures = 0;
inline std::string case_name, case_fault;
inline std::mt19937_64 generator;

inline void fault(const std::string& why) {
  if (case_fault.empty()) case_fault = why;
}

template <class Body> inline void test_case(const std::string& name, Body body) {
  case_name = name;
  case_fault.clear();
  generator.seed(seed * 7919 + std::hash<std::string>{}(name));
  body();
  failures += !case_fault.empty();
  if (case_fault.empty()) {
    printf("ok %s, seed %llu\n", name.c_str(), (unsigned long long)seed);
  } else {
    printf("FAILED %s, seed %llu: %s\n", name.c_str(), (unsigned long long)seed, case_fault.c_str());
  }
}

template <class... A, class... B>
inline void run(void (*kernel)(A...), dim3 grid, dim3 block, size_t sharedBytes, B... arguments) {
  if (auto error = launch_and_wait(kernel, grid, block, sharedBytes, seed, arguments...)) fault(error);
}

inline int random_int(int from, int to) { return std::uniform_int_distribution<int>(from, to)(generator); }
inline float random_normal(float deviation = 1) { return std::normal_distribution<float>(0, deviation)(generator); }
template <class T = float> inline std::vector<T> random_vector(size_t count, float deviation = 1) {
  std::vector<T> values(count);
  for (T& v : values) v = from_float<T>(random_normal(deviation));
  return values;
}

// |found - expected| <= atol + rtol |expected|
inline void expect_near(double found, double expected, double atol, double rtol, const std::string& where) {
  if (std::abs(found - expected) <= atol + rtol * std::abs(expected) || found == expected) return;
  fault(where + ": expected " + std::to_string(expected) + ", found " + std::to_string(found));
}
inline void expect_equal(long long found, long long expected, const std::string& where) {
  if (found != expected) fault(where + ": expected " + std::to_string(expected) + ", found " + std::to_string(found));
}
inline std::string at(const char* what, long long i, long long j) {
  return std::string(what) + "[" + std::to_string(i) + "][" + std::to_string(j) + "]";
}
inline unsigned ceil_div(long long a, long long b) { return unsigned((a + b - 1) / b); }

inline int finish(const char* name) {
  release_device();
  printf("%s, seed %llu: %s\n", name, (unsigned long long)seed, failures ? "FAILED" : "all hold");
  return failures != 0;
}
inline void start() {
  if (const char* s = getenv("EMU_SEED")) seed = strtoull(s, nullptr, 0);
}
