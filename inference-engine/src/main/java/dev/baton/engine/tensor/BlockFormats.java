package dev.baton.engine.tensor;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The stored formats, and their scalar decoding. All numbers are little-endian; {@code f16} is IEEE
 * binary16; {@code q[a..b)} are unsigned unless said otherwise. Layouts are ggml's.
 *
 * <pre>
 * type   block (bytes in order)                                            element i of the block
 * F32    f32                                                               as is
 * F16    f16                                                               as is
 * BF16   upper half of an f32                                              as is
 * Q8_0   d f16, q[32] int8                                                 d q
 * Q4_0   d f16, nibbles[16]                                                d (q - 8)
 * Q4_1   d f16, m f16, nibbles[16]                                         d q + m
 * Q5_0   d f16, fifthBits u32, nibbles[16]                                 d (q - 16)
 * Q5_1   d f16, m f16, fifthBits u32, nibbles[16]                          d q + m
 * Q4_K   d f16, m f16, scales[12], nibbles[128]                            d s q - m t
 * Q5_K   d f16, m f16, scales[12], fifthBits[32], nibbles[128]             d s q - m t
 * Q6_K   low nibbles[128], high pairs of bits[64], scales[16] int8, d f16  d s (q - 32)
 * </pre>
 *
 * <p>In the 32-element blocks byte j holds elements j (low nibble) and j + 16 (high nibble), and
 * fifth bit i belongs to element i. In Q4_K and Q5_K a run of 32 bytes holds 64 elements, the first
 * 32 in the low nibbles, and each 32 elements have one six-bit scale s and minimum t. In Q6_K each
 * half of the block (128 elements) is four runs of 32; runs 0 and 2 share the first 32 bytes of
 * nibbles, 1 and 3 the second, and pair r of high byte j belongs to element j of run r; each 16
 * elements have one scale.
 */
public final class BlockFormats {
  static final ValueLayout.OfFloat F32 =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfShort I16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt I32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private BlockFormats() {}

  /**
   * Decodes {@code count} consecutive elements.
   *
   * @param data the encoded elements
   * @param byteOffset where a block begins in {@code data}
   * @param target receives the elements from {@code targetOffset} on
   * @param count a multiple of the type's block elements
   */
  public static void dequantize(
      TensorType type,
      MemorySegment data,
      long byteOffset,
      float[] target,
      int targetOffset,
      int count) {
    if (count % type.blockElements() != 0) {
      throw new IllegalArgumentException(
          "%s decodes whole blocks of %d elements, not %d"
              .formatted(type, type.blockElements(), count));
    }
    int end = targetOffset + count;
    long at = byteOffset;
    for (int i = targetOffset; i < end; i += type.blockElements(), at += type.blockBytes()) {
      switch (type) {
        case F32 -> target[i] = data.get(F32, at);
        case F16 -> target[i] = half(data, at);
        case BF16 -> target[i] = Float.intBitsToFloat(data.get(I16, at) << 16);
        case Q8_0 -> eightBits(data, at, target, i);
        case Q4_0 -> fourBits(data, at + 2, half(data, at), -8 * half(data, at), target, i);
        case Q4_1 -> fourBits(data, at + 4, half(data, at), half(data, at + 2), target, i);
        case Q5_0 -> fiveBits(data, at + 2, half(data, at), -16 * half(data, at), target, i);
        case Q5_1 -> fiveBits(data, at + 4, half(data, at), half(data, at + 2), target, i);
        case Q4_K -> fourBitsK(data, at, target, i);
        case Q5_K -> fiveBitsK(data, at, target, i);
        case Q6_K -> sixBitsK(data, at, target, i);
      }
    }
  }

  /**
   * Six-bit scale of run {@code run} (of 8) of a Q4_K or Q5_K block whose packed scales begin at
   * {@code scales}: the low six bits of bytes 0 to 3 for the first four runs; for the last four, a
   * low nibble of bytes 8 to 11 under the two upper bits of bytes 0 to 3.
   */
  public static int scaleK(MemorySegment data, long scales, int run) {
    return run < 4
        ? unsigned(data, scales + run) & 63
        : unsigned(data, scales + run + 4) & 15 | unsigned(data, scales + run - 4) >> 6 << 4;
  }

  /** Six-bit minimum of a run, packed like {@link #scaleK} in bytes 4 to 7 and high nibbles. */
  public static int minimumK(MemorySegment data, long scales, int run) {
    return run < 4
        ? unsigned(data, scales + run + 4) & 63
        : unsigned(data, scales + run + 4) >> 4 | unsigned(data, scales + run) >> 6 << 4;
  }

  private static void eightBits(MemorySegment data, long at, float[] target, int i) {
    float d = half(data, at);
    for (int j = 0; j < 32; j++) {
      target[i + j] = d * data.get(JAVA_BYTE, at + 2 + j);
    }
  }

  private static void fourBits(
      MemorySegment data, long nibbles, float d, float m, float[] target, int i) {
    for (int j = 0; j < 16; j++) {
      int pair = unsigned(data, nibbles + j);
      target[i + j] = d * (pair & 15) + m;
      target[i + j + 16] = d * (pair >> 4) + m;
    }
  }

  private static void fiveBits(
      MemorySegment data, long fifthBits, float d, float m, float[] target, int i) {
    int fifth = data.get(I32, fifthBits);
    for (int j = 0; j < 16; j++) {
      int pair = unsigned(data, fifthBits + 4 + j);
      target[i + j] = d * (pair & 15 | (fifth >> j & 1) << 4) + m;
      target[i + j + 16] = d * (pair >> 4 | (fifth >> j + 16 & 1) << 4) + m;
    }
  }

  private static void fourBitsK(MemorySegment data, long at, float[] target, int i) {
    for (int run = 0; run < 8; run++) {
      float scale = half(data, at) * scaleK(data, at + 4, run);
      float minimum = half(data, at + 2) * minimumK(data, at + 4, run);
      long nibbles = at + 16 + run / 2 * 32;
      for (int j = 0; j < 32; j++) {
        int q = unsigned(data, nibbles + j) >> run % 2 * 4 & 15;
        target[i + run * 32 + j] = scale * q - minimum;
      }
    }
  }

  private static void fiveBitsK(MemorySegment data, long at, float[] target, int i) {
    for (int run = 0; run < 8; run++) {
      float scale = half(data, at) * scaleK(data, at + 4, run);
      float minimum = half(data, at + 2) * minimumK(data, at + 4, run);
      long nibbles = at + 48 + run / 2 * 32;
      for (int j = 0; j < 32; j++) {
        int low = unsigned(data, nibbles + j) >> run % 2 * 4 & 15;
        int fifth = unsigned(data, at + 16 + j) >> run & 1;
        target[i + run * 32 + j] = scale * (low | fifth << 4) - minimum;
      }
    }
  }

  private static void sixBitsK(MemorySegment data, long at, float[] target, int i) {
    float d = half(data, at + 208);
    for (int run = 0; run < 8; run++) {
      long nibbles = at + run / 4 * 64 + run % 2 * 32;
      long pairs = at + 128 + run / 4 * 32;
      for (int j = 0; j < 32; j++) {
        int low = unsigned(data, nibbles + j) >> run % 4 / 2 * 4 & 15;
        int high = unsigned(data, pairs + j) >> run % 4 * 2 & 3;
        float scale = d * data.get(JAVA_BYTE, at + 192 + run * 2 + j / 16);
        target[i + run * 32 + j] = scale * ((low | high << 4) - 32);
      }
    }
  }

  private static float half(MemorySegment data, long at) {
    return Float.float16ToFloat(data.get(I16, at));
  }

  private static int unsigned(MemorySegment data, long at) {
    return data.get(JAVA_BYTE, at) & 0xFF;
  }
}
