package dev.baton.engine.backend.cpu;

import static dev.baton.engine.backend.cpu.NativeMemory.brainFloats;
import static dev.baton.engine.backend.cpu.NativeMemory.floats;
import static dev.baton.engine.backend.cpu.NativeMemory.half;
import static dev.baton.engine.backend.cpu.NativeMemory.halves;
import static dev.baton.engine.backend.cpu.NativeMemory.signedBytes;
import static dev.baton.engine.backend.cpu.NativeMemory.toFloats;
import static dev.baton.engine.backend.cpu.NativeMemory.unsignedBytes;

import dev.baton.engine.tensor.TensorType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Products of one row of activations with stored weight rows, read once and never written down
 * decoded: what a decode step of one sequence is made of, bound by memory.
 */
final class RowDot {
  private static final int L = Lanes.COUNT;

  private RowDot() {}

  /** Whether {@link #rows} knows the type; the columns must be whole vectors. */
  static boolean supports(TensorType type, int columns) {
    return NativeMemory.WIDE
        && columns % L == 0
        && switch (type) {
          case F32, F16, BF16, Q8_0, Q4_0 -> true;
          case Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K -> false;
        };
  }

  /**
   * {@code y[r] = Σ_i w[r][i] x[start + i]} for {@code rows} rows that follow each other from
   * {@code w} on.
   */
  static void rows(TensorType type, long w, int rows, int columns, float[] x, int start, long y) {
    long rowBytes = type.sizeBytes(columns);
    for (int r = 0; r < rows; r++) {
      long row = w + r * rowBytes;
      float sum =
          switch (type) {
            case F32 -> singles(row, columns, x, start);
            case F16 -> halfPrecision(row, columns, x, start);
            case BF16 -> brain(row, columns, x, start);
            case Q8_0 -> eightBits(row, columns, x, start);
            case Q4_0 -> fourBits(row, columns, x, start);
            case Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K ->
                throw new IllegalArgumentException("no row product of " + type);
          };
      NativeMemory.put(sum, y + r * 4L);
    }
  }

  private static float eightBits(long row, int columns, float[] x, int start) {
    FloatVector sums = FloatVector.zero(Lanes.SPECIES);
    for (int i = 0; i < columns / 32; i++) {
      long block = row + i * 34L;
      int xs = start + i * 32;
      FloatVector part = signedBytes(block + 2).mul(floats(x, xs));
      for (int j = L; j < 32; j += L) {
        part = signedBytes(block + 2 + j).fma(floats(x, xs + j), part);
      }
      sums = part.fma(FloatVector.broadcast(Lanes.SPECIES, half(block)), sums);
    }
    return sums.reduceLanes(VectorOperators.ADD);
  }

  private static float fourBits(long row, int columns, float[] x, int start) {
    FloatVector sums = FloatVector.zero(Lanes.SPECIES);
    for (int i = 0; i < columns / 32; i++) {
      long block = row + i * 18L;
      int xs = start + i * 32;
      FloatVector low = FloatVector.zero(Lanes.SPECIES);
      FloatVector high = low;
      for (int j = 0; j < 16; j += L) {
        IntVector pairs = unsignedBytes(block + 2 + j);
        low = toFloats(pairs.and(15).sub(8)).fma(floats(x, xs + j), low);
        high =
            toFloats(pairs.lanewise(VectorOperators.LSHR, 4).sub(8))
                .fma(floats(x, xs + 16 + j), high);
      }
      sums = low.add(high).fma(FloatVector.broadcast(Lanes.SPECIES, half(block)), sums);
    }
    return sums.reduceLanes(VectorOperators.ADD);
  }

  private static float halfPrecision(long row, int columns, float[] x, int start) {
    FloatVector even = FloatVector.zero(Lanes.SPECIES);
    FloatVector odd = even;
    int i = 0;
    for (; i + 2 * L <= columns; i += 2 * L) {
      even = halves(row + i * 2L).fma(floats(x, start + i), even);
      odd = halves(row + i * 2L + 2 * L).fma(floats(x, start + i + L), odd);
    }
    if (i < columns) {
      even = halves(row + i * 2L).fma(floats(x, start + i), even);
    }
    return even.add(odd).reduceLanes(VectorOperators.ADD);
  }

  private static float brain(long row, int columns, float[] x, int start) {
    FloatVector even = FloatVector.zero(Lanes.SPECIES);
    FloatVector odd = even;
    int i = 0;
    for (; i + 2 * L <= columns; i += 2 * L) {
      even = brainFloats(row + i * 2L).fma(floats(x, start + i), even);
      odd = brainFloats(row + i * 2L + 2 * L).fma(floats(x, start + i + L), odd);
    }
    if (i < columns) {
      even = brainFloats(row + i * 2L).fma(floats(x, start + i), even);
    }
    return even.add(odd).reduceLanes(VectorOperators.ADD);
  }

  private static float singles(long row, int columns, float[] x, int start) {
    FloatVector even = FloatVector.zero(Lanes.SPECIES);
    FloatVector odd = even;
    int i = 0;
    for (; i + 2 * L <= columns; i += 2 * L) {
      even = floats(row + i * 4L).fma(floats(x, start + i), even);
      odd = floats(row + i * 4L + 4 * L).fma(floats(x, start + i + L), odd);
    }
    if (i < columns) {
      even = floats(row + i * 4L).fma(floats(x, start + i), even);
    }
    return even.add(odd).reduceLanes(VectorOperators.ADD);
  }
}
