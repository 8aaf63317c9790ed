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
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Decodes runs of a weight row to f32 in native memory, in vectors. The layouts are those of {@link
 * BlockFormats}, which is also the fallback on machines with vectors of fewer than eight floats.
 */
final class WeightDecoder {
  private static final int L = Lanes.COUNT;

  private WeightDecoder() {}

  /**
   * Writes {@code count} f32 to {@code out}, and zeros up to a whole vector.
   *
   * @param at address of the run's first block
   * @param count elements, whole blocks
   */
  static void decode(TensorType type, long at, int count, long out) {
    if (!NativeMemory.WIDE) {
      scalar(type, at, count, out);
      return;
    }
    switch (type) {
      case F32, F16, BF16 -> plain(type, at, count, out);
      case Q8_0 -> eightBits(at, count, out);
      case Q4_0 -> fourBits(at, count, out);
      case Q4_1 -> fourBitsWithMinimum(at, count, out);
      case Q5_0 -> fiveBits(at, count, out, 22, false);
      case Q5_1 -> fiveBits(at, count, out, 24, true);
      case Q4_K -> fourBitsK(at, count, out);
      case Q5_K -> fiveBitsK(at, count, out);
      case Q6_K -> sixBitsK(at, count, out);
    }
  }

  private static void scalar(TensorType type, long at, int count, long out) {
    float[] values = new float[count];
    BlockFormats.dequantize(type, ALL, at, values, 0, count);
    for (int i = 0; i < Lanes.roundUp(count, L); i++) {
      put(i < count ? values[i] : 0, out + i * 4L);
    }
  }

  private static void plain(TensorType type, long at, int count, long out) {
    int whole = Lanes.SPECIES.loopBound(count);
    switch (type) {
      case F32 -> {
        for (int i = 0; i < whole; i += L) {
          put(floats(at + i * 4L), out + i * 4L);
        }
      }
      case F16 -> {
        for (int i = 0; i < whole; i += L) {
          put(halves(at + i * 2L), out + i * 4L);
        }
      }
      default -> {
        for (int i = 0; i < whole; i += L) {
          put(brainFloats(at + i * 2L), out + i * 4L);
        }
      }
    }
    if (whole == count) {
      return;
    }
    put(FloatVector.zero(Lanes.SPECIES), out + whole * 4L);
    for (int i = whole; i < count; i++) {
      float value =
          switch (type) {
            case F32 -> number(at + i * 4L);
            case F16 -> half(at + i * 2L);
            default -> brainFloat(at + i * 2L);
          };
      put(value, out + i * 4L);
    }
  }

  private static void eightBits(long at, int count, long out) {
    for (int i = 0; i < count / 32; i++) {
      long block = at + i * 34L;
      long to = out + i * 128L;
      FloatVector d = FloatVector.broadcast(Lanes.SPECIES, half(block));
      for (int j = 0; j < 32; j += L) {
        put(signedBytes(block + 2 + j).mul(d), to + j * 4L);
      }
    }
  }

  private static void fourBits(long at, int count, long out) {
    for (int i = 0; i < count / 32; i++) {
      long block = at + i * 18L;
      long to = out + i * 128L;
      FloatVector d = FloatVector.broadcast(Lanes.SPECIES, half(block));
      for (int j = 0; j < 16; j += L) {
        IntVector pairs = unsignedBytes(block + 2 + j);
        put(toFloats(pairs.and(15).sub(8)).mul(d), to + j * 4L);
        put(toFloats(pairs.lanewise(VectorOperators.LSHR, 4).sub(8)).mul(d), to + 64 + j * 4L);
      }
    }
  }

  private static void fourBitsWithMinimum(long at, int count, long out) {
    for (int i = 0; i < count / 32; i++) {
      long block = at + i * 20L;
      long to = out + i * 128L;
      FloatVector d = FloatVector.broadcast(Lanes.SPECIES, half(block));
      FloatVector m = FloatVector.broadcast(Lanes.SPECIES, half(block + 2));
      for (int j = 0; j < 16; j += L) {
        IntVector pairs = unsignedBytes(block + 4 + j);
        put(toFloats(pairs.and(15)).fma(d, m), to + j * 4L);
        put(toFloats(pairs.lanewise(VectorOperators.LSHR, 4)).fma(d, m), to + 64 + j * 4L);
      }
    }
  }

  private static void fiveBits(long at, int count, long out, int blockBytes, boolean minimum) {
    IntVector lanes = laneNumbers();
    for (int i = 0; i < count / 32; i++) {
      long block = at + (long) i * blockBytes;
      long bits = block + (minimum ? 4 : 2);
      long to = out + i * 128L;
      float scale = half(block);
      FloatVector d = FloatVector.broadcast(Lanes.SPECIES, scale);
      FloatVector m = FloatVector.broadcast(Lanes.SPECIES, minimum ? half(block + 2) : -16 * scale);
      int fifth = fourBytes(bits);
      for (int j = 0; j < 16; j += L) {
        IntVector pairs = unsignedBytes(bits + 4 + j);
        IntVector low = broadcast(fifth >>> j).lanewise(VectorOperators.LSHR, lanes);
        IntVector high = broadcast(fifth >>> j + 16).lanewise(VectorOperators.LSHR, lanes);
        put(toFloats(withFifth(pairs.and(15), low)).fma(d, m), to + j * 4L);
        put(
            toFloats(withFifth(pairs.lanewise(VectorOperators.LSHR, 4), high)).fma(d, m),
            to + 64 + j * 4L);
      }
    }
  }

  private static IntVector withFifth(IntVector four, IntVector fifthInBit0) {
    return four.or(fifthInBit0.and(1).lanewise(VectorOperators.LSHL, 4));
  }

  private static void fourBitsK(long at, int count, long out) {
    for (int i = 0; i < count / 256; i++) {
      long block = at + i * 144L;
      float scale = half(block);
      float minimum = half(block + 2);
      for (int run = 0; run < 8; run += 2) {
        long nibbles = block + 16 + run * 16L;
        long to = out + i * 1024L + run * 128L;
        FloatVector d = scaleK(block, run, scale);
        FloatVector m = minimumK(block, run, minimum);
        FloatVector d1 = scaleK(block, run + 1, scale);
        FloatVector m1 = minimumK(block, run + 1, minimum);
        for (int j = 0; j < 32; j += L) {
          IntVector pairs = unsignedBytes(nibbles + j);
          put(toFloats(pairs.and(15)).fma(d, m), to + j * 4L);
          put(toFloats(pairs.lanewise(VectorOperators.LSHR, 4)).fma(d1, m1), to + 128 + j * 4L);
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

  private static void fiveBitsK(long at, int count, long out) {
    for (int i = 0; i < count / 256; i++) {
      long block = at + i * 176L;
      float scale = half(block);
      float minimum = half(block + 2);
      for (int run = 0; run < 8; run++) {
        long nibbles = block + 48 + run / 2 * 32L;
        long to = out + i * 1024L + run * 128L;
        FloatVector d = scaleK(block, run, scale);
        FloatVector m = minimumK(block, run, minimum);
        for (int j = 0; j < 32; j += L) {
          IntVector four =
              unsignedBytes(nibbles + j).lanewise(VectorOperators.LSHR, run % 2 * 4).and(15);
          IntVector fifth = unsignedBytes(block + 16 + j).lanewise(VectorOperators.LSHR, run);
          put(toFloats(withFifth(four, fifth)).fma(d, m), to + j * 4L);
        }
      }
    }
  }

  private static void sixBitsK(long at, int count, long out) {
    for (int i = 0; i < count / 256; i++) {
      long block = at + i * 210L;
      float scale = half(block + 208);
      for (int half = 0; half < 2; half++) {
        for (int j = 0; j < 32; j += L) {
          long scales = block + 192 + half * 8 + j / 16;
          long to = out + i * 1024L + half * 512L + j * 4L;
          IntVector first = unsignedBytes(block + half * 64L + j);
          IntVector second = unsignedBytes(block + half * 64L + 32 + j);
          IntVector high = unsignedBytes(block + 128 + half * 32L + j);
          IntVector pair0 = high.lanewise(VectorOperators.LSHL, 4).and(48);
          IntVector pair1 = high.lanewise(VectorOperators.LSHL, 2).and(48);
          IntVector pair2 = high.and(48);
          IntVector pair3 = high.lanewise(VectorOperators.LSHR, 2).and(48);
          putSix(first.and(15).or(pair0), scale * signedByte(scales), to);
          putSix(second.and(15).or(pair1), scale * signedByte(scales + 2), to + 128);
          putSix(
              first.lanewise(VectorOperators.LSHR, 4).or(pair2),
              scale * signedByte(scales + 4),
              to + 256);
          putSix(
              second.lanewise(VectorOperators.LSHR, 4).or(pair3),
              scale * signedByte(scales + 6),
              to + 384);
        }
      }
    }
  }

  private static void putSix(IntVector bits, float scale, long to) {
    put(toFloats(bits.sub(32)).mul(scale), to);
  }
}
