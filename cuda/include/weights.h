// Weight matrices [N, K] as the kernels read them, and how their values become operands of mma.
//
// F32, F16 and BF16 stay as in a GGUF file, row-major; K is a multiple of 8. Block formats are repacked once, when they
// are uploaded (kernels/repack.cu), into planes whose parts begin at multiples of 16 bytes and hold, lane by lane, what
// a warp's fragment needs. K is a multiple of 32 and padded with zero blocks to supers of 256 columns; a unit is half a
// super.
//
//   plane    shape                                                 bytes a lane
//   quants   [N][supers][2 units][4 lanes][16 or 32 bytes]         nibbles (Q8_0: bytes)
//   extra    [N][supers][2 units][4 lanes][0, 4 or 8 bytes]        fifth bits, or the upper two of six
//   scales   [N][supers][scale bytes]                              f16 d[8], then m[8]; K types: d, m, s[8], t[8]
//
// Lane q of four holds 8 columns of each group of 32: 8q..8q+7; for Q6_K, whose scales cover 16 columns, 4q..4q+3 and
// 16+4q..16+4q+3. The first four go to one mma and the others to the next; the products do not care which column of an
// mma a value sits in, as long as the activation beside it is of the same column.
//
// Values are exact: a quant is a small integer, exact in bf16; its block's scale multiplies the f32 sum of the block.
// F16 and F32 values are the sum of two bf16 (F32: to 16 bits of its 24), each with an mma of its own.
#pragma once
#include "gpu.h"

constexpr int SUPER = 256; // columns
constexpr int UNIT = 128;  // columns that a warp takes at once
constexpr int GROUP = 32;  // columns of two mma

// Where the planes of a packed matrix begin.
struct Planes {
  const uint8_t *quants, *extra, *scales;
  long long supers; // of a row
};

template <class Format> DEVICE Planes planes(const void* packed, long long rows, int k) {
  Planes p;
  p.supers = (k + SUPER - 1) / SUPER;
  p.quants = static_cast<const uint8_t*>(packed);
  p.extra = p.quants + rows * p.supers * 8 * Format::QUANT_BYTES;
  p.scales = p.extra + rows * p.supers * 8 * Format::EXTRA_BYTES;
  return p;
}

// Bytes of a packed matrix.
template <class Format> EITHER long long packed_bytes(long long rows, int k) {
  long long supers = (k + SUPER - 1) / SUPER;
  return rows * supers * (8 * (Format::QUANT_BYTES + Format::EXTRA_BYTES) + Format::SCALE_BYTES);
}

DEVICE float half_at(const void* p) { return to_float(*static_cast<const f16*>(p)); }
DEVICE int byte_of(uint32_t word, int i) { return int(word >> 8 * i & 0xff); }

// 128 + v for small integers v in both halves is v put into the mantissa of 128: no conversion.
DEVICE uint32_t integers(uint32_t v, uint32_t offset) { return sub_bf16x2(v | 0x43004300u, offset); }

// ---- four, five and six bits

// FIFTH: a fifth bit a value. OFFSET: subtracted from each quant. MINIMUM: m is added. K_SCALES: d s and -m t per
// group.
template <bool FIFTH, int OFFSET, bool MINIMUM, bool K_SCALES> struct NibbleFormat {
  static constexpr int QUANT_BYTES = 16, EXTRA_BYTES = FIFTH ? 4 : 0;
  static constexpr int SCALE_BYTES = K_SCALES ? 20 : MINIMUM ? 32 : 16;
  static constexpr int PIECES = 1, GROUPS = 4, PARTS = 1;
  static constexpr bool SCALED = true, HALVES = false, HAS_MINIMUM = MINIMUM;

  struct Piece {
    uint4 quants;
    uint32_t fifth;
    uint2 first, second; // scales of four groups, minima of four groups
    uint32_t both;       // d and m of a K block
  };

  static DEVICE Piece load(const Planes& p, long long row, int unit, int, int lane) {
    Piece piece{};
    long long at = (row * p.supers * 2 + unit) * 4 + lane;
    piece.quants = load_once(p.quants + at * 16);
    if (FIFTH) piece.fifth = reinterpret_cast<const uint32_t*>(p.extra)[at];
    const uint8_t* scales = p.scales + (row * p.supers + unit / 2) * SCALE_BYTES;
    int half = unit % 2;
    if (K_SCALES) {
      const uint32_t* words = reinterpret_cast<const uint32_t*>(scales);
      piece.both = words[0];
      piece.first.x = words[1 + half];
      piece.second.x = words[3 + half];
    } else {
      piece.first = reinterpret_cast<const uint2*>(scales)[half];
      if (MINIMUM) piece.second = reinterpret_cast<const uint2*>(scales)[2 + half];
    }
    return piece;
  }

  static DEVICE void values(const Piece& piece, int group, uint32_t v[PARTS][4]) {
    uint32_t word = group == 0   ? piece.quants.x
                    : group == 1 ? piece.quants.y
                    : group == 2 ? piece.quants.z
                                 : piece.quants.w;
#pragma unroll
    for (int s = 0; s < 4; ++s) {
      uint32_t pair = word >> 4 * s & 0x000f000fu;
      if (FIFTH) pair |= (piece.fifth >> (4 * group + s) & 0x00010001u) << 4;
      v[0][s] = integers(pair, (0x4300u + OFFSET) * 0x00010001u);
    }
  }

  static DEVICE float four(const uint2& halves, int group) {
    uint32_t word = group < 2 ? halves.x : halves.y;
    return to_float(f16{uint16_t(word >> 16 * (group % 2))});
  }
  static DEVICE float scale(const Piece& piece, int group, int) {
    if (!K_SCALES) return four(piece.first, group);
    return to_float(f16{uint16_t(piece.both)}) * float(byte_of(piece.first.x, group));
  }
  static DEVICE float minimum(const Piece& piece, int group) {
    if (!K_SCALES) return four(piece.second, group);
    return -to_float(f16{uint16_t(piece.both >> 16)}) * float(byte_of(piece.second.x, group));
  }

  static DEVICE float element(const Planes& p, long long row, int column) {
    int unit = column / UNIT, group = column % UNIT / GROUP, lane = column % GROUP / 8, i = column % 8;
    long long at = (row * p.supers * 2 + unit) * 4 + lane;
    uint32_t word = reinterpret_cast<const uint32_t*>(p.quants)[at * 4 + group];
    int quant = int(word >> 4 * (i / 2 + i % 2 * 4) & 15);
    if (FIFTH) {
      uint32_t fifth = reinterpret_cast<const uint32_t*>(p.extra)[at];
      quant |= int(fifth >> (4 * group + i / 2 + i % 2 * 16) & 1) << 4;
    }
    const uint8_t* scales = p.scales + (row * p.supers + unit / 2) * SCALE_BYTES;
    int run = column % SUPER / GROUP;
    if (K_SCALES) {
      return half_at(scales) * float(scales[4 + run]) * float(quant) - half_at(scales + 2) * float(scales[12 + run]);
    }
    float value = half_at(scales + 2 * run) * float(quant - OFFSET);
    return MINIMUM ? value + half_at(scales + 16 + 2 * run) : value;
  }
};
using Q4_0 = NibbleFormat<false, 8, false, false>;
using Q4_1 = NibbleFormat<false, 0, true, false>;
using Q5_0 = NibbleFormat<true, 16, false, false>;
using Q5_1 = NibbleFormat<true, 0, true, false>;
using Q4_K = NibbleFormat<false, 0, true, true>;
using Q5_K = NibbleFormat<true, 0, true, true>;

// scales: d f16, two bytes of nothing, s[16] int8.
struct Q6_K {
  static constexpr int QUANT_BYTES = 16, EXTRA_BYTES = 8, SCALE_BYTES = 20;
  static constexpr int PIECES = 1, GROUPS = 4, PARTS = 1;
  static constexpr bool SCALED = true, HALVES = true, HAS_MINIMUM = false;

  struct Piece {
    uint4 quants;
    uint2 upper;
    uint32_t scales[2];
    float d;
  };

  static DEVICE Piece load(const Planes& p, long long row, int unit, int, int lane) {
    Piece piece;
    long long at = (row * p.supers * 2 + unit) * 4 + lane;
    piece.quants = load_once(p.quants + at * 16);
    piece.upper = reinterpret_cast<const uint2*>(p.extra)[at];
    const uint32_t* words = reinterpret_cast<const uint32_t*>(p.scales + (row * p.supers + unit / 2) * SCALE_BYTES);
    piece.d = to_float(f16{uint16_t(words[0])});
    piece.scales[0] = words[1 + unit % 2 * 2];
    piece.scales[1] = words[2 + unit % 2 * 2];
    return piece;
  }

  static DEVICE void values(const Piece& piece, int group, uint32_t v[PARTS][4]) {
    uint32_t word = group == 0   ? piece.quants.x
                    : group == 1 ? piece.quants.y
                    : group == 2 ? piece.quants.z
                                 : piece.quants.w;
    uint32_t upper = group < 2 ? piece.upper.x : piece.upper.y;
#pragma unroll
    for (int s = 0; s < 4; ++s) {
      uint32_t high = upper >> 2 * (group % 2 * 4 + s) & 0x00030003u;
      v[0][s] = integers((word >> 4 * s & 0x000f000fu) | high << 4, 0x43204320u);
    }
  }

  static DEVICE float scale(const Piece& piece, int group, int half) {
    uint32_t word = group < 2 ? piece.scales[0] : piece.scales[1];
    return piece.d * float(int8_t(byte_of(word, group % 2 * 2 + half)));
  }
  static DEVICE float minimum(const Piece&, int) { return 0; }

  static DEVICE float element(const Planes& p, long long row, int column) {
    int unit = column / UNIT, group = column % UNIT / GROUP, half = column % GROUP / 16;
    int lane = column % 16 / 4, i = column % 4 + 4 * half;
    long long at = (row * p.supers * 2 + unit) * 4 + lane;
    uint32_t word = reinterpret_cast<const uint32_t*>(p.quants)[at * 4 + group];
    uint32_t upper = reinterpret_cast<const uint32_t*>(p.extra)[at * 2 + group / 2];
    int quant = int(word >> 4 * (i / 2 + i % 2 * 4) & 15);
    quant |= int(upper >> (2 * (group % 2 * 4 + i / 2) + i % 2 * 16) & 3) << 4;
    const uint8_t* scales = p.scales + (row * p.supers + unit / 2) * SCALE_BYTES;
    return half_at(scales) * float(int8_t(scales[4 + column % SUPER / 16])) * float(quant - 32);
  }
};

// ---- eight bits

struct Q8_0 {
  static constexpr int QUANT_BYTES = 32, EXTRA_BYTES = 0, SCALE_BYTES = 16;
  static constexpr int PIECES = 2, GROUPS = 2, PARTS = 1;
  static constexpr bool SCALED = true, HALVES = false, HAS_MINIMUM = false;

  struct Piece {
    uint4 quants;
    uint32_t scales;
  };

  static DEVICE Piece load(const Planes& p, long long row, int unit, int piece, int lane) {
    long long at = (row * p.supers * 2 + unit) * 4 + lane;
    const uint8_t* scales = p.scales + (row * p.supers + unit / 2) * SCALE_BYTES;
    return {load_once(p.quants + at * 32 + piece * 16),
            reinterpret_cast<const uint32_t*>(scales)[unit % 2 * 2 + piece]};
  }

  // The lower seven bits and the sign stand in the mantissas of 128 and of 128 or 256; their difference is the value.
  static DEVICE void values(const Piece& piece, int group, uint32_t v[PARTS][4]) {
#pragma unroll
    for (int s = 0; s < 4; ++s) {
      uint32_t word =
          group == 0 ? (s < 2 ? piece.quants.x : piece.quants.y) : (s < 2 ? piece.quants.z : piece.quants.w);
      uint32_t pair = __byte_perm(word, 0, s % 2 ? 0x4342 : 0x4140);
      v[0][s] = sub_bf16x2((pair & 0x007f007fu) | 0x43004300u, (pair & 0x00800080u) | 0x43004300u);
    }
  }

  static DEVICE float scale(const Piece& piece, int group, int) {
    return to_float(f16{uint16_t(piece.scales >> 16 * group)});
  }
  static DEVICE float minimum(const Piece&, int) { return 0; }

  static DEVICE float element(const Planes& p, long long row, int column) {
    int unit = column / UNIT, group = column % UNIT / GROUP, lane = column % GROUP / 8;
    long long at = (row * p.supers * 2 + unit) * 4 + lane;
    const uint8_t* scales = p.scales + (row * p.supers + unit / 2) * SCALE_BYTES;
    return half_at(scales + column % SUPER / GROUP * 2) * float(int8_t(p.quants[at * 32 + group * 8 + column % 8]));
  }
};

// ---- plain values

// Two bf16 whose sum is x, to 16 bits.
DEVICE void split(float low, float high, uint32_t& first, uint32_t& rest) {
  first = pack2<bf16>(low, high);
  rest = pack2<bf16>(low - to_float(bf16{uint16_t(first)}), high - to_float(bf16{uint16_t(first >> 16)}));
}

template <class T> struct Plain {
  static constexpr int QUANT_BYTES = 0, EXTRA_BYTES = 0, SCALE_BYTES = 0;
  static constexpr int PIECES = 4, GROUPS = 1, PARTS = sizeof(T) == 4 ? 2 : 1;
  static constexpr bool SCALED = false, HALVES = false, HAS_MINIMUM = false;
};

struct BF16 : Plain<bf16> {
  using Value = bf16;
  struct Piece {
    uint4 words;
  };
  static DEVICE Piece load(const Value* row, int column) { return {load_once(row + column)}; }
  static DEVICE void values(const Piece& piece, int, uint32_t v[PARTS][4]) {
    v[0][0] = piece.words.x, v[0][1] = piece.words.y, v[0][2] = piece.words.z, v[0][3] = piece.words.w;
  }
};

struct F16 : Plain<f16> {
  using Value = f16;
  static constexpr int PARTS = 2;
  struct Piece {
    uint4 words;
  };
  static DEVICE Piece load(const Value* row, int column) { return {load_once(row + column)}; }
  static DEVICE void values(const Piece& piece, int, uint32_t v[PARTS][4]) {
    const uint32_t words[4] = {piece.words.x, piece.words.y, piece.words.z, piece.words.w};
#pragma unroll
    for (int s = 0; s < 4; ++s) {
      split(to_float(f16{uint16_t(words[s])}), to_float(f16{uint16_t(words[s] >> 16)}), v[0][s], v[1][s]);
    }
  }
};

struct F32 : Plain<float> {
  using Value = float;
  struct Piece {
    uint4 words[2];
  };
  static DEVICE Piece load(const Value* row, int column) {
    return {{load_once(row + column), load_once(row + column + 4)}};
  }
  static DEVICE void values(const Piece& piece, int, uint32_t v[PARTS][4]) {
#pragma unroll
    for (int s = 0; s < 2; ++s) {
      const uint4& w = piece.words[s];
      split(__uint_as_float(w.x), __uint_as_float(w.y), v[0][2 * s], v[1][2 * s]);
      split(__uint_as_float(w.z), __uint_as_float(w.w), v[0][2 * s + 1], v[1][2 * s + 1]);
    }
  }
};

// ---- one interface over both kinds

// A matrix and a walk over it: load() gives a lane its piece of a row, zeros beyond the last column.
template <class Format, bool PACKED = Format::SCALED> struct Matrix {
  Planes p;
  DEVICE Matrix(const void* weight, long long rows, int k) : p(planes<Format>(weight, rows, k)) {}
  DEVICE typename Format::Piece load(long long row, int unit, int piece, int lane) const {
    return Format::load(p, row, unit, piece, lane);
  }
  DEVICE float element(long long row, int column) const { return Format::element(p, row, column); }
};
template <class Format> struct Matrix<Format, false> {
  const typename Format::Value* values;
  int k;
  DEVICE Matrix(const void* weight, long long, int columns)
      : values(static_cast<const typename Format::Value*>(weight)), k(columns) {}
  DEVICE typename Format::Piece load(long long row, int unit, int piece, int lane) const {
    int column = unit * UNIT + piece * GROUP + lane * 8;
    return column < k ? Format::load(values + row * k, column) : typename Format::Piece{};
  }
  DEVICE float element(long long row, int column) const { return to_float(values[row * k + column]); }
};
