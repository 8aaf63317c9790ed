// Repacks rows of GGUF block weights into the planes that the products read (include/weights.h), once, at upload.
//
// raw [rows, K] blocks as in the file (dev.baton.engine.tensor.BlockFormats), K a multiple of the block's elements;
// packed: the whole matrix [N, K], of which rows [first_row, first_row + rows) are written, padding included, so that a
// matrix larger than the staging buffer comes in slices. Bytes moved: both once; runs once a model, so that no more is
// done about it.
#include "weights.h"

DEVICE uint8_t nibble(const uint8_t* bytes, int i) { return bytes[i % 16] >> i / 16 * 4 & 15; }

// Element i's quant (Q8_0: as a signed byte) and where the scales of a raw block are; what differs between formats.
template <class Format> struct Raw;
template <bool FIFTH, int OFFSET, bool MINIMUM> struct Raw<NibbleFormat<FIFTH, OFFSET, MINIMUM, false>> {
  static constexpr int ELEMENTS = 32, HEAD = MINIMUM ? 4 : 2, BYTES = HEAD + (FIFTH ? 4 : 0) + 16;
  static DEVICE int quant(const uint8_t* block, int i) {
    int value = nibble(block + BYTES - 16, i);
    return FIFTH ? value | (block[HEAD + i / 8] >> i % 8 & 1) << 4 : value;
  }
};
template <bool FIFTH, int OFFSET, bool MINIMUM> struct Raw<NibbleFormat<FIFTH, OFFSET, MINIMUM, true>> {
  static constexpr int ELEMENTS = 256, BYTES = FIFTH ? 176 : 144;
  static DEVICE int quant(const uint8_t* block, int i) {
    int run = i / 32, value = block[BYTES - 128 + run / 2 * 32 + i % 32] >> run % 2 * 4 & 15;
    return FIFTH ? value | (block[16 + i % 32] >> run & 1) << 4 : value;
  }
};
template <> struct Raw<Q6_K> {
  static constexpr int ELEMENTS = 256, BYTES = 210;
  static DEVICE int quant(const uint8_t* block, int i) {
    int run = i / 32, j = i % 32;
    int low = block[run / 4 * 64 + run % 2 * 32 + j] >> run % 4 / 2 * 4 & 15;
    return low | (block[128 + run / 4 * 32 + j] >> run % 4 * 2 & 3) << 4;
  }
};
template <> struct Raw<Q8_0> {
  static constexpr int ELEMENTS = 32, BYTES = 34;
  static DEVICE int quant(const uint8_t* block, int i) { return block[2 + i]; }
};

// Six-bit scale and minimum of a run of a K block, from their twelve bytes.
DEVICE uint8_t scale_k(const uint8_t* s, int run) {
  return run < 4 ? s[run] & 63 : (s[run + 4] & 15) | s[run - 4] >> 6 << 4;
}
DEVICE uint8_t minimum_k(const uint8_t* s, int run) {
  return run < 4 ? s[run + 4] & 63 : s[run + 4] >> 4 | s[run] >> 6 << 4;
}

template <class Format> DEVICE void repack_scales(uint8_t* to, const uint8_t* row, int k, int super) {
  using R = Raw<Format>;
  if constexpr (R::ELEMENTS == SUPER) {
    const uint8_t* block = row + (long long)super * R::BYTES;
    if constexpr (Format::HALVES) {
      to[0] = block[208], to[1] = block[209], to[2] = to[3] = 0;
      for (int i = 0; i < 16; ++i) to[4 + i] = block[192 + i];
    } else {
      for (int i = 0; i < 4; ++i) to[i] = block[i];
      for (int run = 0; run < 8; ++run) to[4 + run] = scale_k(block + 4, run), to[12 + run] = minimum_k(block + 4, run);
    }
  } else {
    for (int run = 0; run < 8; ++run) {
      int column = super * SUPER + run * GROUP;
      const uint8_t* block = row + (long long)(column / R::ELEMENTS) * R::BYTES;
      for (int i = 0; i < 2; ++i) {
        to[2 * run + i] = column < k ? block[i] : 0;
        if (Format::HAS_MINIMUM) to[16 + 2 * run + i] = column < k ? block[2 + i] : 0;
      }
    }
  }
}

// One thread packs what one lane reads of one unit of one row.
template <class Format> DEVICE void repack(const uint8_t* raw, uint8_t* packed, int rows, int first_row, int n, int k) {
  using R = Raw<Format>;
  const Planes p = planes<Format>(packed, n, k);
  long long index = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  if (index >= rows * p.supers * 8) return;
  int lane = int(index % 4), unit = int(index / 4 % (p.supers * 2));
  long long row = index / (p.supers * 8), target = (first_row + row) * p.supers * 8 + unit * 4 + lane;
  const uint8_t* from = raw + row * (k / R::ELEMENTS) * R::BYTES;

  uint32_t words[Format::QUANT_BYTES / 4] = {}, extra[2] = {};
  for (int group = 0; group < 4; ++group) {
    for (int i = 0; i < 8; ++i) {
      int column = unit * UNIT + group * GROUP + (Format::HALVES ? i / 4 * 16 + lane * 4 + i % 4 : lane * 8 + i);
      if (column >= k) continue;
      uint32_t quant = uint32_t(R::quant(from + (long long)(column / R::ELEMENTS) * R::BYTES, column % R::ELEMENTS));
      if (Format::QUANT_BYTES == 32) {
        words[group * 2 + i / 4] |= quant << i % 4 * 8;
        continue;
      }
      words[group] |= (quant & 15) << 4 * (i / 2 + i % 2 * 4);
      if (Format::EXTRA_BYTES == 4) extra[0] |= quant >> 4 << (4 * group + i / 2 + i % 2 * 16);
      if (Format::EXTRA_BYTES == 8) extra[group / 2] |= quant >> 4 << (2 * (group % 2 * 4 + i / 2) + i % 2 * 16);
    }
  }
  uint32_t* quants = const_cast<uint32_t*>(reinterpret_cast<const uint32_t*>(p.quants + target * Format::QUANT_BYTES));
  for (int i = 0; i < Format::QUANT_BYTES / 4; ++i) quants[i] = words[i];
  uint32_t* extras = const_cast<uint32_t*>(reinterpret_cast<const uint32_t*>(p.extra + target * Format::EXTRA_BYTES));
  for (int i = 0; i < Format::EXTRA_BYTES / 4; ++i) extras[i] = extra[i];
  if (lane == 0 && unit % 2 == 0) {
    uint8_t* scales = const_cast<uint8_t*>(p.scales) + ((first_row + row) * p.supers + unit / 2) * Format::SCALE_BYTES;
    repack_scales<Format>(scales, from, k, unit / 2);
  }
}

#define REPACK_KERNEL(name, Format)                                                                                   \
  KERNEL __launch_bounds__(256, 2) name(const uint8_t* raw, uint8_t* packed, int rows, int first_row, int n, int k) { \
    repack<Format>(raw, packed, rows, first_row, n, k);                                                               \
  }                                                                                                                   \
  EXPORT_KERNEL(name)

// launch, each of them: grid (ceil(rows * ceil(k / 256) * 8 / 256)), block 256, shared 0; packed at a multiple of 16
REPACK_KERNEL(repack_q8_0, Q8_0)
REPACK_KERNEL(repack_q4_0, Q4_0)
REPACK_KERNEL(repack_q4_1, Q4_1)
REPACK_KERNEL(repack_q5_0, Q5_0)
REPACK_KERNEL(repack_q5_1, Q5_1)
REPACK_KERNEL(repack_q4_k, Q4_K)
REPACK_KERNEL(repack_q5_k, Q5_K)
REPACK_KERNEL(repack_q6_k, Q6_K)
