package dev.baton.engine.reference;

import dev.baton.engine.tensor.Tensor;
import dev.baton.engine.tensor.TensorType;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Decodes tensors to doubles one element at a time: each case is the definition of element {@code
 * i} of a block, with no intermediate rounding.
 */
final class ReferenceTensor {
  private ReferenceTensor() {}

  /** [rows][columns]. */
  static double[][] matrix(Tensor tensor) {
    TensorType type = tensor.type();
    int columns = tensor.columns();
    double[][] matrix = new double[tensor.rows()][columns];
    long at = 0;
    for (double[] row : matrix) {
      for (int c = 0; c < columns; c += type.blockElements(), at += type.blockBytes()) {
        byte[] block = tensor.data().asSlice(at, type.blockBytes()).toArray(ValueLayout.JAVA_BYTE);
        for (int i = 0; i < type.blockElements(); i++) {
          row[c + i] = element(type, block, i);
        }
      }
    }
    return matrix;
  }

  static double[] vector(Tensor tensor) {
    return Arrays.stream(matrix(tensor)).flatMapToDouble(Arrays::stream).toArray();
  }

  private static double element(TensorType type, byte[] b, int i) {
    return switch (type) {
      case F32 -> Float.intBitsToFloat(word(b, 0) | word(b, 2) << 16);
      case F16 -> half(b, 0);
      case BF16 -> Float.intBitsToFloat(word(b, 0) << 16);
      case Q8_0 -> half(b, 0) * b[2 + i];
      case Q4_0 -> half(b, 0) * (nibble(b, 2, i, 16) - 8);
      case Q4_1 -> half(b, 0) * nibble(b, 4, i, 16) + half(b, 2);
      case Q5_0 -> half(b, 0) * (nibble(b, 6, i, 16) + 16 * bit(b, 2, i) - 16);
      case Q5_1 -> half(b, 0) * (nibble(b, 8, i, 16) + 16 * bit(b, 4, i)) + half(b, 2);
      case Q4_K -> scaledK(b, i, nibble(b, 16 + i / 64 * 32, i % 64, 32));
      case Q5_K ->
          scaledK(b, i, nibble(b, 48 + i / 64 * 32, i % 64, 32) + 16 * bit(b, 16 + i % 32, i / 32));
      case Q6_K -> half(b, 208) * b[192 + i / 16] * (sixBits(b, i) - 32);
    };
  }

  /** Super-block scale times six-bit scale times quant, minus super-block minimum times minimum. */
  private static double scaledK(byte[] b, int i, int quant) {
    int run = i / 32;
    // 96 bits: bytes 4..7 scales 0..3, 8..11 minima 0..3, each with two upper bits to spare for the
    // upper bits of scales and minima 4..7, whose low nibbles are in bytes 12..15.
    int scale;
    int minimum;
    if (run < 4) {
      scale = b[4 + run] & 0x3F;
      minimum = b[8 + run] & 0x3F;
    } else {
      scale = (b[8 + run] & 0x0F) + 16 * ((b[run] & 0xC0) >> 6);
      minimum = ((b[8 + run] & 0xF0) >> 4) + 16 * ((b[4 + run] & 0xC0) >> 6);
    }
    return half(b, 0) * scale * quant - half(b, 2) * minimum;
  }

  private static int sixBits(byte[] b, int i) {
    int half = i / 128;
    int quarter = i % 128 / 32;
    int column = i % 32;
    int pair = b[half * 64 + quarter % 2 * 32 + column] & 0xFF;
    int low = quarter < 2 ? pair % 16 : pair / 16;
    int high = (b[128 + half * 32 + column] & 0xFF) / (1 << 2 * quarter) % 4;
    return low + 16 * high;
  }

  /** Element i of nibbles whose low halves hold the first {@code run} elements. */
  private static int nibble(byte[] b, int from, int i, int run) {
    int pair = b[from + i % run] & 0xFF;
    return i < run ? pair % 16 : pair / 16;
  }

  private static int bit(byte[] b, int from, int i) {
    return b[from + i / 8] >> i % 8 & 1;
  }

  private static int word(byte[] b, int from) {
    return (b[from] & 0xFF) + 256 * (b[from + 1] & 0xFF);
  }

  /** IEEE 754 binary16: sign, five bits of exponent with bias 15, ten bits of fraction. */
  static double half(byte[] b, int from) {
    int bits = word(b, from);
    int exponent = bits >> 10 & 31;
    int fraction = bits & 1023;
    double magnitude =
        switch (exponent) {
          case 0 -> Math.scalb((double) fraction, -24);
          case 31 -> fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
          default -> Math.scalb(1024.0 + fraction, exponent - 25);
        };
    return bits >> 15 == 0 ? magnitude : -magnitude;
  }
}
