package dev.baton.engine.model;

import dev.baton.engine.tensor.BlockEncoder;
import dev.baton.engine.tensor.TensorType;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/**
 * Random numbers that are the same in every language and order of evaluation. Element i of a
 * tensor:
 *
 * <pre>
 * base = mix(seed XOR fnv1a64(name))
 * z    = mix(base + (i + 1) * 0x9E3779B97F4A7C15)     mod 2^64
 * s    = sum of the four 16-bit lanes of z            0 .. 262140
 * w    = mean + deviation * (s - 131070) / sqrt(4 (65536^2 - 1) / 12)
 * </pre>
 *
 * The sum of four uniform numbers is close to normal. {@code mix} is the finaliser of splitmix64.
 */
final class RandomWeights {
  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;
  private static final double SUM_DEVIATION = Math.sqrt(4 * (65536.0 * 65536.0 - 1) / 12);
  private static final int SUM_MEAN = 131070;

  private RandomWeights() {}

  static long mix(long z) {
    z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
    z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
    return z ^ z >>> 31;
  }

  /** Fills a tensor's bytes, row by row. */
  static void fill(
      String name,
      long seed,
      double mean,
      double deviation,
      TensorType type,
      int columns,
      MemorySegment data) {
    long base = mix(seed ^ fnv1a64(name));
    long rowBytes = type.sizeBytes(columns);
    float[] row = new float[columns];
    long z = base;
    for (long at = 0; at < data.byteSize(); at += rowBytes) {
      for (int i = 0; i < columns; i++) {
        z += GOLDEN_GAMMA;
        row[i] = (float) (mean + deviation * (laneSum(mix(z)) / SUM_DEVIATION));
      }
      BlockEncoder.quantize(type, row, 0, columns, data, at);
    }
  }

  private static int laneSum(long z) {
    return (int) ((z & 0xFFFF) + (z >>> 16 & 0xFFFF) + (z >>> 32 & 0xFFFF) + (z >>> 48)) - SUM_MEAN;
  }

  private static long fnv1a64(String text) {
    long hash = 0xCBF29CE484222325L;
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ b & 0xFF) * 0x100000001B3L;
    }
    return hash;
  }
}
