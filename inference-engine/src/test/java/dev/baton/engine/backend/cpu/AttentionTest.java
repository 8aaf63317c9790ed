package dev.baton.engine.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.backend.Step;
import dev.baton.engine.backend.Step.Group;
import dev.baton.engine.backend.Step.SequencePart;
import dev.baton.engine.backend.Step.SystemPart;
import dev.baton.engine.model.ModelConfig;
import dev.baton.engine.model.RopeScaling;
import dev.baton.engine.model.RopeStyle;
import dev.baton.engine.reference.ReferenceAttention;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Attention alone, on values that a model would not make, against double precision. */
class AttentionTest {
  private static final int BLOCK_TOKENS = 32;

  private final Random random = new Random(21);

  @ParameterizedTest
  @CsvSource({
    "1, 1, 1",
    "1, 64, 1",
    "1, 1, 130",
    "3, 100, 70",
    "40, 33, 40",
    "140, 65, 150",
    "2, 1100, 3"
  })
  void ordinaryValuesEqualTheReference(int rows, int systemTokens, int requestTokens) {
    for (int kvHeads : new int[] {1, 2, 4}) {
      check(64, 4, kvHeads, 2, rows, systemTokens, requestTokens, random::nextGaussian, 1e-6);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 20, 32, 64, 80, 128})
  void anyHeadDimensionEqualsTheReference(int headDim) {
    check(headDim, 6, 2, 3, 5, 70, 40, random::nextGaussian, 1e-6);
  }

  @Test
  void outliersEqualTheReference() {
    DoubleSupplier outliers =
        () -> random.nextInt(50) == 0 ? 60 * random.nextGaussian() : random.nextGaussian();
    check(64, 4, 2, 2, 9, 300, 40, outliers, 1e-4); // scores of some thousands, in f32
  }

  @Test
  void identicalScoresGiveTheMeanOfTheValues() {
    check(64, 4, 2, 2, 9, 300, 40, () -> 0.5, 1e-6);
    check(64, 4, 2, 2, 9, 300, 40, () -> 0, 1e-6);
  }

  @Test
  void hugeScoresOfEitherSignStayFinite() {
    // Scores of about ±1e30, of which the largest takes all.
    check(64, 4, 2, 2, 9, 300, 40, () -> 1e15 * random.nextGaussian(), 1e-6);
  }

  @Test
  void risingScoresRescaleAtEveryTile() {
    int[] calls = {0};
    check(64, 4, 2, 2, 9, 300, 40, () -> calls[0]++ * 2e-5, 1e-5);
  }

  /** One group of two sequences, relayed and plain, by every kernel set there is. */
  private void check(
      int headDim,
      int heads,
      int kvHeads,
      int threads,
      int rows,
      int systemTokens,
      int requestTokens,
      DoubleSupplier values,
      double tolerance) {
    for (KernelSet set : TestKernels.available()) {
      check(
          set,
          headDim,
          heads,
          kvHeads,
          threads,
          rows,
          systemTokens,
          requestTokens,
          values,
          tolerance);
    }
  }

  private void check(
      KernelSet set,
      int headDim,
      int heads,
      int kvHeads,
      int threads,
      int rows,
      int systemTokens,
      int requestTokens,
      DoubleSupplier values,
      double tolerance) {
    ModelConfig config = config(headDim, heads, kvHeads);
    int width = (heads + 2 * kvHeads) * headDim;
    int tokens = Math.max(rows, requestTokens);
    int requestBlocks = Math.ceilDiv(tokens, BLOCK_TOKENS);
    int systemBlocks = Math.ceilDiv(systemTokens, BLOCK_TOKENS);
    try (Arena arena = Arena.ofShared();
        ComputePool pool = new ComputePool(threads)) {
      KvMemory kv =
          new KvMemory(set, arena, config, systemBlocks + 2 * requestBlocks, BLOCK_TOKENS);
      Attention attention = new Attention(set, arena, pool, config, kv, 2 * rows);
      SystemPart system = new SystemPart(IntStream.range(0, systemBlocks).toArray(), systemTokens);
      double[][][] systemKv = fill(kv, config, system.blocks(), systemTokens, values);
      SequencePart[] parts = new SequencePart[2];
      double[][][][] requestKv = new double[2][][][];
      for (int s = 0; s < 2; s++) {
        int first = systemBlocks + s * requestBlocks;
        int[] blocks = IntStream.range(first, first + requestBlocks).toArray();
        requestKv[s] = fill(kv, config, blocks, tokens, values);
        parts[s] = new SequencePart(new int[rows], tokens - rows, blocks, rows);
      }
      MemorySegment queries = arena.allocate(2L * rows * width * Float.BYTES, 64);
      for (long i = 0; i < 2L * rows * width; i++) {
        queries.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) values.getAsDouble());
      }
      double[][][] expected = new double[2 * rows][heads][];
      for (int row = 0; row < 2 * rows; row++) {
        int own = tokens - rows + row % rows + 1;
        for (int head = 0; head < heads; head++) {
          int kvHead = head / (heads / kvHeads);
          expected[row][head] =
              ReferenceAttention.attend(
                      vector(queries, (long) row * width + (long) head * headDim, headDim),
                      joined(systemKv[kvHead], requestKv[row / rows][kvHead], own),
                      joined(
                          systemKv[kvHeads + kvHead], requestKv[row / rows][kvHeads + kvHead], own),
                      1 / Math.sqrt(headDim))
                  .output();
        }
      }
      for (boolean relay : new boolean[] {true, false}) {
        MemorySegment output = arena.allocate(2L * rows * heads * headDim * Float.BYTES, 64);
        attention.prepare(new Step(List.of(new Group(system, relay, List.of(parts)))));
        attention.compute(1, queries, width, output);
        for (int row = 0; row < 2 * rows; row++) {
          for (int head = 0; head < heads; head++) {
            double[] actual = vector(output, ((long) row * heads + head) * headDim, headDim);
            assertClose(actual, expected[row][head], tolerance);
          }
        }
      }
    }
  }

  /** Fills layer 1 of some blocks; returns [keys of each head, values of each head][token]. */
  private static double[][][] fill(
      KvMemory kv, ModelConfig config, int[] blocks, int tokens, DoubleSupplier values) {
    int kvHeads = config.kvHeadCount();
    int headDim = config.headDim();
    double[][][] filled = new double[2 * kvHeads][tokens][];
    for (int head = 0; head < kvHeads; head++) {
      for (int token = 0; token < tokens; token++) {
        float[] key = new float[headDim];
        float[] value = new float[headDim];
        for (int i = 0; i < headDim; i++) {
          key[i] = (float) values.getAsDouble();
          value[i] = (float) values.getAsDouble();
        }
        int block = blocks[token / BLOCK_TOKENS];
        kv.write(1, block, head, token % BLOCK_TOKENS, key, 0, value, 0);
        filled[head][token] = IntStream.range(0, headDim).mapToDouble(i -> key[i]).toArray();
        filled[kvHeads + head][token] =
            IntStream.range(0, headDim).mapToDouble(i -> value[i]).toArray();
      }
    }
    return filled;
  }

  private static double[][] joined(double[][] system, double[][] request, int requestTokens) {
    double[][] all = Arrays.copyOf(system, system.length + requestTokens);
    System.arraycopy(request, 0, all, system.length, requestTokens);
    return all;
  }

  private static double[] vector(MemorySegment from, long at, int length) {
    double[] vector = new double[length];
    Arrays.setAll(vector, i -> from.getAtIndex(ValueLayout.JAVA_FLOAT, at + i));
    return vector;
  }

  private static void assertClose(double[] actual, double[] expected, double tolerance) {
    double magnitude = 1;
    for (double value : expected) {
      magnitude = Math.max(magnitude, Math.abs(value));
    }
    for (int i = 0; i < expected.length; i++) {
      assertThat(Math.abs(actual[i] - expected[i])).isLessThan(4 * tolerance * magnitude);
    }
  }

  private static ModelConfig config(int headDim, int heads, int kvHeads) {
    return new ModelConfig(
        "llama",
        2,
        heads * headDim,
        4,
        heads,
        kvHeads,
        headDim,
        4,
        4096,
        1e-5f,
        10_000,
        RopeStyle.ADJACENT,
        new RopeScaling.None(),
        false,
        false,
        false);
  }
}
