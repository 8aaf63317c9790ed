package dev.baton.engine.backend.cpu;

import dev.baton.engine.tensor.BlockEncoder;
import dev.baton.engine.tensor.Tensor;
import dev.baton.engine.tensor.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * Small products and a small attention of a native tier against sums in double precision, before it
 * is used.
 */
final class NativeSelfCheck {
  private static final int INPUTS = 512;
  private static final int OUTPUTS = 41; // two panels and a part of one
  private static final int ROWS = 15; // a full tile and a part of one

  /** Of the sum of absolute products: int16 activations take 1e-5 of it, bf16 ones 4e-3. */
  private static final double TOLERANCE = 3e-5;

  private static final double AMX_TOLERANCE = 6e-3;

  private static final int HEAD_DIM = 64;
  private static final int HEADS = 4;
  private static final int KEYS = 150; // a tile and a part of one
  private static final int TOKENS = 3;

  private NativeSelfCheck() {}

  /**
   * Where a tier differs from scalar code, one clause; empty when it does not.
   *
   * @param types of weights that it is to multiply with
   */
  static String difference(KernelSet set, Set<TensorType> types) {
    Random random = new Random(1);
    try (Arena arena = Arena.ofConfined();
        ComputePool pool = new ComputePool(1)) {
      NativeKernels kernels = new NativeKernels(set, arena);
      MemorySegment x = gaussian(random, arena, ROWS * INPUTS);
      MemorySegment y = arena.allocate((long) ROWS * OUTPUTS * Float.BYTES, 64);
      float[] weights = gaussian(random, arena, OUTPUTS * INPUTS).toArray(ValueLayout.JAVA_FLOAT);
      for (TensorType type : types) {
        Tensor weight = weight(weights, arena, type);
        new NativeLinear(kernels, pool, arena, List.of(weight)).multiply(pool, x, ROWS, y);
        double error = largestError(weight, x, y);
        if (!(error <= (set == KernelSet.NATIVE_AMX ? AMX_TOLERANCE : TOLERANCE))) {
          return "its %s product failed the self-check (error %.1e)".formatted(type, error);
        }
      }
      double error = attentionError(set, random, arena);
      return error <= TOLERANCE
          ? ""
          : "its attention failed the self-check (error %.1e)".formatted(error);
    }
  }

  /** Largest difference of a causal attention, between numbers of about 1. */
  private static double attentionError(KernelSet set, Random random, Arena arena) {
    int blockTokens = CpuSettings.DEFAULT_BLOCK_TOKENS;
    int[] blocks = {4, 1, 0, 3, 2};
    KvMemory kv =
        new KvMemory(
            set, arena, AttentionOperator.shape(HEADS, 1, HEAD_DIM), blocks.length, blockTokens);
    if (!NativeAttention.fits(set, kv)) {
      return 0;
    }
    float[][] keys = new float[KEYS][HEAD_DIM];
    float[][] values = new float[KEYS][HEAD_DIM];
    for (int token = 0; token < KEYS; token++) {
      for (int i = 0; i < HEAD_DIM; i++) {
        keys[token][i] = (float) random.nextGaussian();
        values[token][i] = (float) random.nextGaussian();
      }
      int block = blocks[token / blockTokens];
      kv.write(0, block, 0, token % blockTokens, keys[token], 0, values[token], 0);
    }
    MemorySegment queries = gaussian(random, arena, TOKENS * HEADS * HEAD_DIM);
    MemorySegment found = arena.allocate(HEAD_DIM * 4L, 64);
    NativeAttention attention = new NativeAttention(set, arena, kv, HEAD_DIM, HEADS);
    int firstVisible = KEYS - TOKENS + 1;
    KvRange range = new KvRange(blocks, 0, KEYS, firstVisible);
    attention.attend(queries, HEADS * HEAD_DIM, 0, TOKENS, 0, 0, List.of(range));
    double largest = 0;
    for (int row = 0; row < TOKENS * HEADS; row++) {
      MemorySegment query = queries.asSlice((long) row * HEAD_DIM * 4, HEAD_DIM * 4L);
      double[] expected = attended(query, keys, values, firstVisible + row / HEADS);
      attention.copyOutput(row, found, 0);
      for (int i = 0; i < HEAD_DIM; i++) {
        double error = Math.abs(found.getAtIndex(ValueLayout.JAVA_FLOAT, i) - expected[i]);
        largest = Double.isNaN(error) ? Double.POSITIVE_INFINITY : Math.max(largest, error);
      }
    }
    return largest;
  }

  private static double[] attended(
      MemorySegment query, float[][] keys, float[][] values, int visible) {
    double[] output = new double[HEAD_DIM];
    double sum = 0;
    for (int token = 0; token < visible; token++) {
      double score = 0;
      for (int i = 0; i < HEAD_DIM; i++) {
        score += (double) query.getAtIndex(ValueLayout.JAVA_FLOAT, i) * keys[token][i];
      }
      double weight = Math.exp(score / Math.sqrt(HEAD_DIM));
      sum += weight;
      for (int i = 0; i < HEAD_DIM; i++) {
        output[i] += weight * values[token][i];
      }
    }
    for (int i = 0; i < HEAD_DIM; i++) {
      output[i] /= sum;
    }
    return output;
  }

  private static MemorySegment gaussian(Random random, Arena arena, int count) {
    MemorySegment values = arena.allocate((long) count * Float.BYTES, 64);
    for (int i = 0; i < count; i++) {
      values.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
    }
    return values;
  }

  private static Tensor weight(float[] values, Arena arena, TensorType type) {
    MemorySegment data = arena.allocate(type.sizeBytes(values.length), 64);
    BlockEncoder.quantize(type, values, 0, values.length, data, 0);
    return new Tensor("check", type, List.of((long) INPUTS, (long) OUTPUTS), data);
  }

  /** Largest difference relative to the sum of absolute products. */
  private static double largestError(Tensor weight, MemorySegment x, MemorySegment y) {
    float[] row = new float[INPUTS];
    double largest = 0;
    for (int output = 0; output < OUTPUTS; output++) {
      weight.readRow(output, row, 0);
      for (int r = 0; r < ROWS; r++) {
        double sum = 0;
        double absolute = 0;
        for (int k = 0; k < INPUTS; k++) {
          double product =
              (double) x.getAtIndex(ValueLayout.JAVA_FLOAT, (long) r * INPUTS + k) * row[k];
          sum += product;
          absolute += Math.abs(product);
        }
        double found = y.getAtIndex(ValueLayout.JAVA_FLOAT, (long) r * OUTPUTS + output);
        double error = Math.abs(found - sum) / absolute;
        largest = Double.isNaN(error) ? Double.POSITIVE_INFINITY : Math.max(largest, error);
      }
    }
    return largest;
  }
}
