package dev.baton.engine.model;

import dev.baton.engine.tensor.BlockEncoder;
import dev.baton.engine.tensor.TensorType;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.stream.LongStream;

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
  private static final long CHUNK_ROWS = 64;

  private RandomWeights() {}

  static long mix(long z) {
    z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
    z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
    return z ^ z >>> 31;
  }

  /** Fills a tensor's bytes, rows in parallel: an element's value depends on its index alone. */
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
    long rows = data.byteSize() / rowBytes;
    LongStream.range(0, Math.ceilDiv(rows, CHUNK_ROWS))
        .parallel()
        .forEach(chunk -> {
          float[] row = new float[columns];
          long end = Math.min(rows, (chunk + 1) * CHUNK_ROWS);
          for (long r = chunk * CHUNK_ROWS; r < end; r++) {
            long z = base + r * columns * GOLDEN_GAMMA;
            for (int i = 0; i < columns; i++) {
              z += GOLDEN_GAMMA;
              row[i] = (float) (mean + deviation * (laneSum(mix(z)) / SUM_DEVIATION));
            }
            BlockEncoder.quantize(type, row, 0, columns, data, r * rowBytes);
          }
        });
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
