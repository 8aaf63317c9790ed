// GGUF weight types for tests: random rows, and their values decoded in double precision from the format's definition,
// written apart from the kernels' (layouts: dev.baton.engine.tensor.BlockFormats).
#pragma once
#include "kernel_test.h"

enum class Type { F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K };

struct TypeSize {
  int elements, bytes;
};
inline TypeSize size_of(Type type) {
  switch (type) {
    case Type::F32: return {1, 4};
    case Type::F16:
    case Type::BF16: return {1, 2};
    case Type::Q8_0: return {32, 34};
    case Type::Q4_0: return {32, 18};
    case Type::Q4_1: return {32, 20};
    case Type::Q5_0: return {32, 22};
    case Type::Q5_1: return {32, 24};
    case Type::Q4_K: return {256, 144};
    case Type::Q5_K: return {256, 176};
    case Type::Q6_K: return {256, 210};
  }
  abort();
}

template <class T> inline void put(uint8_t* to, float value) {
  T rounded = from_float<T>(value);
  memcpy(to, &rounded, sizeof rounded);
}
inline void put_half(uint8_t* to, float value) { put<f16>(to, value); }
inline double stored_half(const uint8_t* from) {
  f16 h;
  memcpy(&h.bits, from, 2);
  return to_float(h);
}

// One row of `columns` values of about unit size.
inline std::vector<uint8_t> random_row(Type type, int columns) {
  TypeSize size = size_of(type);
  std::vector<uint8_t> row(size_t(columns) / size_t(size.elements) * size_t(size.bytes));
  for (size_t i = 0; i < row.size(); i += size_t(size.bytes)) {
    uint8_t* block = &row[i];
    for (int j = 0; j < size.bytes; ++j) block[j] = uint8_t(random_int(0, 255));
    float x = random_normal();
    switch (type) {
      case Type::F32: put<float>(block, x); break;
      case Type::F16: put_half(block, x); break;
      case Type::BF16: put<bf16>(block, x); break;
      case Type::Q8_0: put_half(block, x / 70); break;
      case Type::Q4_0: put_half(block, x / 5); break;
      case Type::Q5_0: put_half(block, x / 9); break;
      case Type::Q4_1:
      case Type::Q5_1: put_half(block, x / 9), put_half(block + 2, random_normal()); break;
      case Type::Q4_K:
      case Type::Q5_K: put_half(block, x / 400), put_half(block + 2, random_normal() / 60); break;
      case Type::Q6_K: put_half(block + 208, x / 1500); break;
    }
  }
  return row;
}

// Element i of a row.
inline double value(Type type, const std::vector<uint8_t>& row, int i) {
  TypeSize size = size_of(type);
  const uint8_t* b = row.data() + size_t(i / size.elements) * size_t(size.bytes);
  int e = i % size.elements, run = e / 32, j = e % 32;
  auto nibble = [&](int offset, int index) { return b[offset + index % 16] >> (index < 16 ? 0 : 4) & 15; };
  auto fifth = [&](int offset) { return (b[offset + e / 8] >> e % 8 & 1) * 16; };
  auto six = [&](int which) { // 0 scale, 1 minimum of this run: packed in b[4..16)
    const uint8_t* s = b + 4;
    if (run < 4) return s[run + 4 * which] & 63;
    return (which ? s[run + 4] >> 4 : s[run + 4] & 15) | (s[run - 4 + 4 * which] >> 6) << 4;
  };
  switch (type) {
    case Type::F32: {
      float f;
      memcpy(&f, b, 4);
      return f;
    }
    case Type::F16: return stored_half(b);
    case Type::BF16: {
      bf16 v;
      memcpy(&v.bits, b, 2);
      return to_float(v);
    }
    case Type::Q8_0: return stored_half(b) * int8_t(b[2 + e]);
    case Type::Q4_0: return stored_half(b) * (nibble(2, e) - 8);
    case Type::Q4_1: return stored_half(b) * nibble(4, e) + stored_half(b + 2);
    case Type::Q5_0: return stored_half(b) * (nibble(6, e) + fifth(2) - 16);
    case Type::Q5_1: return stored_half(b) * (nibble(8, e) + fifth(4)) + stored_half(b + 2);
    case Type::Q4_K:
      return stored_half(b) * six(0) * (b[16 + run / 2 * 32 + j] >> run % 2 * 4 & 15) - stored_half(b + 2) * six(1);
    case Type::Q5_K:
      return stored_half(b) * six(0) * ((b[48 + run / 2 * 32 + j] >> run % 2 * 4 & 15) + (b[16 + j] >> run & 1) * 16) -
             stored_half(b + 2) * six(1);
    case Type::Q6_K: {
      int low = b[e / 128 * 64 + e % 64 / 32 * 32 + j] >> (e % 128 / 64) * 4 & 15;
      int high = b[128 + e / 128 * 32 + j] >> e % 128 / 32 * 2 & 3;
      return stored_half(b + 208) * int8_t(b[192 + e / 16]) * (low + high * 16 - 32);
    }
  }
  abort();
}
