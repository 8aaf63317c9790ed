// Inputs of the golden vectors: words whose halves are small bf16 and f16 numbers, and f32 numbers of all sizes.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <vector>

constexpr int GOLDEN_SEEDS = 64;

inline std::vector<uint32_t> golden_words(int seed) {
  std::vector<uint32_t> words(32 * 16);
  uint64_t state = uint64_t(seed) * 0x9E3779B97F4A7C15ull + 1;
  for (size_t i = 0; i < words.size(); ++i) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    uint32_t x = uint32_t(state >> 20), place = uint32_t(i % 16);
    // Fragments: sixteenths up to 8, exact in sums of any order; in bf16 (words 0 to 5) and in f16 (words 6 to 11).
    auto small = [&](uint32_t bits, bool isBf16) {
      uint32_t exponent = bits % 5, sign = bits >> 5 & 1, mantissa = bits >> 6 & 3; // 1.00 to 1.75 times 2^-2 .. 2^2
      return isBf16 ? sign << 15 | (125 + exponent) << 7 | mantissa << 5
                    : sign << 15 | (13 + exponent) << 10 | mantissa << 8;
    };
    if (place < 12) x = small(x, place < 6) | small(x >> 10, place < 6) << 16;
    if (place == 12 || place == 13)
      x = (x & 0x807fffffu) | (100 + (x >> 23) % 45) << 23; // 2^-27 to 2^17, odd mantissas
    words[i] = x;
  }
  return words;
}
