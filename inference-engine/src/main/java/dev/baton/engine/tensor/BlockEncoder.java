package dev.baton.engine.tensor;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;

/**
 * Encodes floats in every stored format by plain rounding, without a search for better scales: for
 * generated models and tests, not for making small models of good ones. The layouts are those of
 * {@link BlockFormats}; all arithmetic is in f32, so that results are the same everywhere.
 */
public final class BlockEncoder {
  private BlockEncoder() {}

  /**
   * Encodes {@code count} consecutive elements.
   *
   * @param count a multiple of the type's block elements
   * @param data receives the blocks from {@code byteOffset} on
   */
  public static void quantize(
      TensorType type,
      float[] source,
      int sourceOffset,
      int count,
      MemorySegment data,
      long byteOffset) {
    if (count % type.blockElements() != 0) {
      throw new IllegalArgumentException(
          "%s encodes whole blocks of %d elements, not %d"
              .formatted(type, type.blockElements(), count));
    }
    long at = byteOffset;
    for (int i = sourceOffset; i < sourceOffset + count; i += type.blockElements()) {
      switch (type) {
        case F32 -> data.set(BlockFormats.F32, at, source[i]);
        case F16 -> setHalf(data, at, source[i]);
        case BF16 -> data.set(BlockFormats.I16, at, brainFloat(source[i]));
        case Q8_0 -> eightBits(source, i, data, at);
        case Q4_0 -> symmetric(source, i, 8, data, at);
        case Q5_0 -> symmetric(source, i, 16, data, at);
        case Q4_1 -> withMinimum(source, i, 15, data, at);
        case Q5_1 -> withMinimum(source, i, 31, data, at);
        case Q4_K -> bitsK(source, i, 15, data, at);
        case Q5_K -> bitsK(source, i, 31, data, at);
        case Q6_K -> sixBitsK(source, i, data, at);
      }
      at += type.blockBytes();
    }
  }

  /** Rounds to the upper half of an f32, ties to even. */
  private static short brainFloat(float value) {
    int bits = Float.floatToRawIntBits(value);
    return (short) (bits + 0x7FFF + (bits >>> 16 & 1) >>> 16);
  }

  private static void eightBits(float[] x, int i, MemorySegment data, long at) {
    float d = largest(x, i, 32) / 127f;
    float inverse = d > 0 ? 1 / d : 0;
    setHalf(data, at, d);
    for (int j = 0; j < 32; j++) {
      float scaled = x[i + j] * inverse;
      data.set(JAVA_BYTE, at + 2 + j, (byte) (int) (scaled + Math.copySign(0.5f, scaled)));
    }
  }

  /** Q4_0 and Q5_0: the element of largest magnitude becomes exactly {@code -zero}. */
  private static void symmetric(float[] x, int i, int zero, MemorySegment data, long at) {
    float extreme = 0;
    for (int j = 0; j < 32; j++) {
      extreme = Math.abs(x[i + j]) > Math.abs(extreme) ? x[i + j] : extreme;
    }
    float d = extreme / -zero;
    float inverse = d != 0 ? 1 / d : 0;
    int[] q = new int[32];
    for (int j = 0; j < 32; j++) {
      q[j] = Math.min(2 * zero - 1, (int) (x[i + j] * inverse + (zero + 0.5f)));
    }
    setHalf(data, at, d);
    setSmallBlock(q, zero == 16, data, at + 2);
  }

  /** Q4_1 and Q5_1: the grid spans minimum to maximum in {@code steps} steps. */
  private static void withMinimum(float[] x, int i, int steps, MemorySegment data, long at) {
    float low = x[i];
    float high = x[i];
    for (int j = 1; j < 32; j++) {
      low = Math.min(low, x[i + j]);
      high = Math.max(high, x[i + j]);
    }
    float d = (high - low) / steps;
    int[] q = new int[32];
    for (int j = 0; j < 32; j++) {
      q[j] = d > 0 ? Math.clamp(round((x[i + j] - low) / d), 0, steps) : 0;
    }
    setHalf(data, at, d);
    setHalf(data, at + 2, low);
    setSmallBlock(q, steps == 31, data, at + 4);
  }

  private static void setSmallBlock(int[] q, boolean fifthBits, MemorySegment data, long at) {
    long nibbles = at;
    if (fifthBits) {
      int fifth = 0;
      for (int j = 0; j < 32; j++) {
        fifth |= q[j] >> 4 << j;
      }
      data.set(BlockFormats.I32, at, fifth);
      nibbles += 4;
    }
    for (int j = 0; j < 16; j++) {
      data.set(JAVA_BYTE, nibbles + j, (byte) (q[j] & 15 | (q[j + 16] & 15) << 4));
    }
  }

  /**
   * Q4_K and Q5_K: eight runs of 32, each with a six-bit scale and a six-bit minimum below zero.
   */
  private static void bitsK(float[] x, int i, int steps, MemorySegment data, long at) {
    float[] scale = new float[8];
    float[] minimum = new float[8];
    for (int j = 0; j < 256; j++) {
      minimum[j / 32] = Math.max(minimum[j / 32], -x[i + j]);
    }
    float[] high = new float[8];
    for (int run = 0; run < 8; run++) {
      high[run] = Float.NEGATIVE_INFINITY;
      for (int j = 0; j < 32; j++) {
        high[run] = Math.max(high[run], x[i + run * 32 + j]);
      }
      scale[run] = (high[run] + minimum[run]) / steps;
    }
    float d = setHalf(data, at, largest(scale, 0, 8) / 63f);
    float m = setHalf(data, at + 2, largest(minimum, 0, 8) / 63f);
    int[] s = new int[8];
    int[] t = new int[8];
    for (int run = 0; run < 8; run++) {
      s[run] = Math.clamp(round(scale[run] / (d > 0 ? d : 1)), 0, 63);
      t[run] = Math.clamp(round(minimum[run] / (m > 0 ? m : 1)), 0, 63);
    }
    for (int run = 0; run < 4; run++) {
      data.set(JAVA_BYTE, at + 4 + run, (byte) (s[run] | s[run + 4] >> 4 << 6));
      data.set(JAVA_BYTE, at + 8 + run, (byte) (t[run] | t[run + 4] >> 4 << 6));
      data.set(JAVA_BYTE, at + 12 + run, (byte) (s[run + 4] & 15 | (t[run + 4] & 15) << 4));
    }
    int[] q = new int[256];
    for (int j = 0; j < 256; j++) {
      float step = d * s[j / 32];
      float above = x[i + j] + m * t[j / 32];
      q[j] = Math.clamp(round(above / (step > 0 ? step : 1)), 0, steps);
    }
    long nibbles = at + 16;
    if (steps == 31) {
      nibbles += 32;
      for (int j = 0; j < 32; j++) {
        int fifth = 0;
        for (int run = 0; run < 8; run++) {
          fifth |= q[run * 32 + j] >> 4 << run;
        }
        data.set(JAVA_BYTE, at + 16 + j, (byte) fifth);
      }
    }
    for (int j = 0; j < 128; j++) {
      int low = j / 32 * 64 + j % 32;
      data.set(JAVA_BYTE, nibbles + j, (byte) (q[low] & 15 | (q[low + 32] & 15) << 4));
    }
  }

  private static void sixBitsK(float[] x, int i, MemorySegment data, long at) {
    float[] scale = new float[16];
    for (int run = 0; run < 16; run++) {
      scale[run] = largest(x, i + run * 16, 16) / 31.5f;
    }
    float d = setHalf(data, at + 208, largest(scale, 0, 16) / 127f);
    int[] q = new int[256];
    for (int run = 0; run < 16; run++) {
      int s = Math.clamp(round(scale[run] / (d > 0 ? d : 1)), 0, 127);
      data.set(JAVA_BYTE, at + 192 + run, (byte) s);
      float step = d * s;
      for (int j = run * 16; j < run * 16 + 16; j++) {
        q[j] = step > 0 ? Math.clamp(round(x[i + j] / step), -32, 31) + 32 : 32;
      }
    }
    for (int half = 0; half < 2; half++) {
      for (int j = 0; j < 32; j++) {
        int a = q[half * 128 + j];
        int b = q[half * 128 + 32 + j];
        int c = q[half * 128 + 64 + j];
        int e = q[half * 128 + 96 + j];
        data.set(JAVA_BYTE, at + half * 64 + j, (byte) (a & 15 | (c & 15) << 4));
        data.set(JAVA_BYTE, at + half * 64 + 32 + j, (byte) (b & 15 | (e & 15) << 4));
        int high = a >> 4 | b >> 4 << 2 | c >> 4 << 4 | e >> 4 << 6;
        data.set(JAVA_BYTE, at + 128 + half * 32 + j, (byte) high);
      }
    }
  }

  private static float largest(float[] x, int from, int count) {
    float largest = 0;
    for (int j = from; j < from + count; j++) {
      largest = Math.max(largest, Math.abs(x[j]));
    }
    return largest;
  }

  private static int round(float value) {
    return (int) Math.rint(value);
  }

  /** Stores the nearest f16 and returns it. */
  private static float setHalf(MemorySegment data, long at, float value) {
    short half = Float.floatToFloat16(value);
    data.set(BlockFormats.I16, at, half);
    return Float.float16ToFloat(half);
  }
}
