// How things are timed and printed.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <random>

#include "device.h"

enum class Size { TINY, QUICK, FULL };
struct Setting {
  Size size;
  Device device;
  double copyBandwidth = 0; // bytes moved a second by a device copy, read and written counted; set by the ceilings
};

// Median of repeated runs in seconds, after warming up; runs are grouped so that a group lasts long enough to be timed.
inline double seconds(const Setting& setting, const std::function<void()>& work) {
  int group = setting.size == Size::TINY ? 1 : 10, groups = setting.size == Size::TINY ? 1 : 7;
  for (int i = 0; i < (setting.size == Size::TINY ? 0 : 3); ++i) work();
  std::vector<double> times;
  for (int i = 0; i < groups; ++i) {
    times.push_back(elapsed([&] {
                      for (int j = 0; j < group; ++j) work();
                    }) /
                    group);
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

inline unsigned blocks_for(long long items, long long perBlock) { return unsigned((items + perBlock - 1) / perBlock); }

// Uniform in [-deviation sqrt 3, deviation sqrt 3), from a counter.
// launch: grid any, block 256, shared 0
KERNEL fill_random(bf16* values, long long count, int seed, float deviation) {
  for (long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x; i < count;
       i += (long long)gridDim.x * blockDim.x) {
    unsigned long long x = (unsigned long long)i * 0x9E3779B97F4A7C15ull + (unsigned)seed;
    x ^= x >> 31, x *= 0xBF58476D1CE4E5B9ull, x ^= x >> 29;
    values[i] = from_float<bf16>((float(x >> 40) / 8388608.0f - 1) * deviation * 1.7320508f);
  }
}
inline void randomise(Buffer<bf16>& buffer, int seed, float deviation) {
  launch(fill_random, dim3{64, 1, 1}, dim3{256, 1, 1}, 0, buffer.data, (long long)buffer.count, seed, deviation);
}

// What the project demands and what was measured, printed last.
struct Summary {
  std::vector<std::string> lines;
  void add(const char* format, double value, double demanded, bool atLeast) {
    char text[256];
    snprintf(text, sizeof text, format, value);
    bool met = atLeast ? value >= demanded : value <= demanded;
    char line[400];
    snprintf(line, sizeof line, "%-8s %s (demanded: %s %.2f)", met ? "met" : "MISSED", text,
             atLeast ? "at least" : "at most", demanded);
    lines.push_back(line);
  }
};

inline void heading(const char* text) { printf("\n== %s\n", text), fflush(stdout); }
