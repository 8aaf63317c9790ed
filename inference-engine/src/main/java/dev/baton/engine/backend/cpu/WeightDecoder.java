package dev.baton.engine.backend.cpu;

import static dev.baton.engine.backend.cpu.NativeMemory.ALL;
import static dev.baton.engine.backend.cpu.NativeMemory.brainFloat;
import static dev.baton.engine.backend.cpu.NativeMemory.brainFloats;
import static dev.baton.engine.backend.cpu.NativeMemory.broadcast;
import static dev.baton.engine.backend.cpu.NativeMemory.floats;
import static dev.baton.engine.backend.cpu.NativeMemory.fourBytes;
import static dev.baton.engine.backend.cpu.NativeMemory.half;
import static dev.baton.engine.backend.cpu.NativeMemory.halves;
import static dev.baton.engine.backend.cpu.NativeMemory.laneNumbers;
import static dev.baton.engine.backend.cpu.NativeMemory.number;
import static dev.baton.engine.backend.cpu.NativeMemory.put;
import static dev.baton.engine.backend.cpu.NativeMemory.signedByte;
import static dev.baton.engine.backend.cpu.NativeMemory.signedBytes;
import static dev.baton.engine.backend.cpu.NativeMemory.toFloats;
import static dev.baton.engine.backend.cpu.NativeMemory.unsignedBytes;

import dev.baton.engine.tensor.BlockFormats;
import dev.baton.engine.tensor.TensorType;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Decodes runs of a weight row to f32, in vectors. The layouts are those of {@link BlockFormats},
 * which is also the fallback on machines with vectors of fewer than eight floats.
 */
final class WeightDecoder {
  private static final int L = Lanes.COUNT;

  private WeightDecoder() {}

  /**
   * Writes {@code count} f32 to {@code out} from {@code start} on, and zeros up to a whole vector.
   *
   * @param at address of the run's first block
   * @param count elements, whole blocks
   */
  static void decode(TensorType type, long at, int count, float[] out, int start) {
    if (!NativeMemory.WIDE) {
      scalar(type, at, count, out, start);
      return;
    }
    switch (type) {
      case F32 -> singles(at, count, out, start);
      case F16 -> halfPrecision(at, count, out, start);
      case BF16 -> brain(at, count, out, start);
      case Q8_0 -> eightBits(at, count, out, start);
      case Q4_0 -> fourBits(at, count, out, start);
      case Q4_1 -> fourBitsWithMinimum(at, count, out, start);
      case Q5_0 -> fiveBits(at, count, out, start, 22, false);
      case Q5_1 -> fiveBits(at, count, out, start, 24, true);
      case Q4_K -> fourBitsK(at, count, out, start);
      case Q5_K -> fiveBitsK(at, count, out, start);
      case Q6_K -> sixBitsK(at, count, out, start);
    }
  }

  private static void scalar(TensorType type, long at, int count, float[] out, int start) {
    BlockFormats.dequantize(type, ALL, at, out, start, count);
    Arrays.fill(out, start + count, start + Lanes.roundUp(count, L), 0);
  }

  private static void singles(long at, int count, float[] out, int start) {
    int whole = wholeVectors(count, out, start);
    for (int i = 0; i < whole; i += L) {
      put(floats(at + i * 4L), out, start + i);
    }
    for (int i = whole; i < count; i++) {
      out[start + i] = number(at + i * 4L);
    }
  }

  private static void halfPrecision(long at, int count, float[] out, int start) {
    int whole = wholeVectors(count, out, start);
    for (int i = 0; i < whole; i += L) {
      put(halves(at + i * 2L), out, start + i);
    }
    for (int i = whole; i < count; i++) {
      out[start + i] = half(at + i * 2L);
    }
  }

  private static void brain(long at, int count, float[] out, int start) {
    int whole = wholeVectors(count, out, start);
    for (int i = 0; i < whole; i += L) {
      put(brainFloats(at + i * 2L), out, start + i);
    }
    for (int i = whole; i < count; i++) {
      out[start + i] = brainFloat(at + i * 2L);
    }
  }

  /** Elements in whole vectors; zeros the vector after them when some are left over. */
  private static int wholeVectors(int count, float[] out, int start) {
    int whole = Lanes.SPECIES.loopBound(count);
    Arrays.fill(out, start + whole, start + Lanes.roundUp(count, L), 0);
    return whole;
  }

  private static void eightBits(long at, int count, float[] out, int start) {
    for (int i = 0; i < count / 32; i++) {
      long block = at + i * 34L;
      int to = start + i * 32;
      FloatVector d = FloatVector.broadcast(Lanes.SPECIES, half(block));
      for (int j = 0; j < 32; j += L) {
        put(signedBytes(block + 2 + j).mul(d), out, to + j);
      }
    }
  }

  private static void fourBits(long at, int count, float[] out, int start) {
    for (int i = 0; i < count / 32; i++) {
      long block = at + i * 18L;
      int to = start + i * 32;
      FloatVector d = FloatVector.broadcast(Lanes.SPECIES, half(block));
      for (int j = 0; j < 16; j += L) {
        IntVector pairs = unsignedBytes(block + 2 + j);
        put(toFloats(pairs.and(15).sub(8)).mul(d), out, to + j);
        put(toFloats(pairs.lanewise(VectorOperators.LSHR, 4).sub(8)).mul(d), out, to + 16 + j);
      }
    }
  }

  private static void fourBitsWithMinimum(long at, int count, float[] out, int start) {
    for (int i = 0; i < count / 32; i++) {
      long block = at + i * 20L;
      int to = start + i * 32;
      FloatVector d = FloatVector.broadcast(Lanes.SPECIES, half(block));
      FloatVector m = FloatVector.broadcast(Lanes.SPECIES, half(block + 2));
      for (int j = 0; j < 16; j += L) {
        IntVector pairs = unsignedBytes(block + 4 + j);
        put(toFloats(pairs.and(15)).fma(d, m), out, to + j);
        put(toFloats(pairs.lanewise(VectorOperators.LSHR, 4)).fma(d, m), out, to + 16 + j);
      }
    }
  }

  private static void fiveBits(
      long at, int count, float[] out, int start, int blockBytes, boolean minimum) {
    IntVector lanes = laneNumbers();
    for (int i = 0; i < count / 32; i++) {
      long block = at + (long) i * blockBytes;
      long bits = block + (minimum ? 4 : 2);
      int to = start + i * 32;
      float scale = half(block);
      FloatVector d = FloatVector.broadcast(Lanes.SPECIES, scale);
      FloatVector m = FloatVector.broadcast(Lanes.SPECIES, minimum ? half(block + 2) : -16 * scale);
      int fifth = fourBytes(bits);
      for (int j = 0; j < 16; j += L) {
        IntVector pairs = unsignedBytes(bits + 4 + j);
        IntVector low = broadcast(fifth >>> j).lanewise(VectorOperators.LSHR, lanes);
        IntVector high = broadcast(fifth >>> j + 16).lanewise(VectorOperators.LSHR, lanes);
        put(toFloats(withFifth(pairs.and(15), low)).fma(d, m), out, to + j);
        put(
            toFloats(withFifth(pairs.lanewise(VectorOperators.LSHR, 4), high)).fma(d, m),
            out,
            to + 16 + j);
      }
    }
  }

  private static IntVector withFifth(IntVector four, IntVector fifthInBit0) {
    return four.or(fifthInBit0.and(1).lanewise(VectorOperators.LSHL, 4));
  }

  private static void fourBitsK(long at, int count, float[] out, int start) {
    for (int i = 0; i < count / 256; i++) {
      long block = at + i * 144L;
      float scale = half(block);
      float minimum = half(block + 2);
      for (int run = 0; run < 8; run += 2) {
        long nibbles = block + 16 + run * 16L;
        int to = start + i * 256 + run * 32;
        FloatVector d = scaleK(block, run, scale);
        FloatVector m = minimumK(block, run, minimum);
        FloatVector d1 = scaleK(block, run + 1, scale);
        FloatVector m1 = minimumK(block, run + 1, minimum);
        for (int j = 0; j < 32; j += L) {
          IntVector pairs = unsignedBytes(nibbles + j);
          put(toFloats(pairs.and(15)).fma(d, m), out, to + j);
          put(toFloats(pairs.lanewise(VectorOperators.LSHR, 4)).fma(d1, m1), out, to + 32 + j);
        }
      }
    }
  }

  private static FloatVector scaleK(long block, int run, float scale) {
    return FloatVector.broadcast(Lanes.SPECIES, scale * BlockFormats.scaleK(ALL, block + 4, run));
  }

  /** Negative, as it is added. */
  private static FloatVector minimumK(long block, int run, float minimum) {
    return FloatVector.broadcast(
        Lanes.SPECIES, -minimum * BlockFormats.minimumK(ALL, block + 4, run));
  }

  private static void fiveBitsK(long at, int count, float[] out, int start) {
    for (int i = 0; i < count / 256; i++) {
      long block = at + i * 176L;
      float scale = half(block);
      float minimum = half(block + 2);
      for (int run = 0; run < 8; run++) {
        long nibbles = block + 48 + run / 2 * 32L;
        int to = start + i * 256 + run * 32;
        FloatVector d = scaleK(block, run, scale);
        FloatVector m = minimumK(block, run, minimum);
        for (int j = 0; j < 32; j += L) {
          IntVector four =
              unsignedBytes(nibbles + j).lanewise(VectorOperators.LSHR, run % 2 * 4).and(15);
          IntVector fifth = unsignedBytes(block + 16 + j).lanewise(VectorOperators.LSHR, run);
          put(toFloats(withFifth(four, fifth)).fma(d, m), out, to + j);
        }
      }
    }
  }

  private static void sixBitsK(long at, int count, float[] out, int start) {
    for (int i = 0; i < count / 256; i++) {
      long block = at + i * 210L;
      float scale = half(block + 208);
      for (int run = 0; run < 8; run++) {
        sixBitsRun(block, run, scale, out, start + i * 256 + run * 32);
      }
    }
  }

  private static void sixBitsRun(long block, int run, float scale, float[] out, int to) {
    long nibbles = block + run / 4 * 64 + run % 2 * 32;
    long pairs = block + 128 + run / 4 * 32;
    int nibble = run % 4 / 2 * 4;
    int pair = run % 4 * 2;
    for (int part = 0; part < 32; part += 16) {
      float d = scale * signedByte(block + 192 + run * 2 + part / 16);
      FloatVector scales = FloatVector.broadcast(Lanes.SPECIES, d);
      for (int j = part; j < part + 16; j += L) {
        IntVector low = unsignedBytes(nibbles + j).lanewise(VectorOperators.LSHR, nibble).and(15);
        IntVector high = unsignedBytes(pairs + j).lanewise(VectorOperators.LSHR, pair).and(3);
        IntVector q = high.lanewise(VectorOperators.LSHL, 4).or(low).sub(32);
        put(toFloats(q).mul(scales), out, to + j);
      }
    }
  }
}
