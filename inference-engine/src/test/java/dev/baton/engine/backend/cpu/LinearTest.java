package dev.baton.engine.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.baton.engine.tensor.BlockEncoder;
import dev.baton.engine.tensor.Tensor;
import dev.baton.engine.tensor.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Products of every kernel set that this machine has against a sum in double precision over weights
 * decoded one by one.
 */
@Tag("kernels")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LinearTest {
  private static final int[] ROWS = {
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 29, 33, 48, 65
  };

  private final ComputePool pool = new ComputePool(3);
  private final Arena arena = Arena.ofShared();
  private final Map<KernelSet, NativeKernels> natives = new EnumMap<>(KernelSet.class);

  LinearTest() {
    for (KernelSet set : TestKernels.available()) {
      if (set.isNative()) {
        natives.put(set, new NativeKernels(set, arena));
      }
    }
  }

  @AfterAll
  void close() {
    pool.close();
    arena.close();
  }

  @ParameterizedTest
  @EnumSource(TensorType.class)
  void equalsTheDoubleProductForAllRowCounts(TensorType type) {
    for (int rows : ROWS) {
      check(List.of(weights(type, 13, 512, 1, rows)), rows, 1);
    }
  }

  @ParameterizedTest
  @EnumSource(TensorType.class)
  void equalsTheDoubleProductForAnyWholeNumberOfBlocks(TensorType type) {
    for (int blocks : new int[] {1, 2, 3, 17}) {
      int columns = blocks * type.blockElements();
      for (int outputs : new int[] {1, 2, 47, 100}) {
        check(List.of(weights(type, outputs, columns, 1, blocks)), 1, 1);
        check(List.of(weights(type, outputs, columns, 1, blocks)), 5, 1);
      }
    }
    check(List.of(weights(type, 130, 1_280, 1, 5)), 1, 1);
    check(List.of(weights(type, 130, 1_280, 1, 5)), 9, 1);
  }

  @Test
  void holdsForTheRowsOfALargeVocabulary() {
    check(List.of(weights(TensorType.Q8_0, 128_256, 64, 1, 5)), 1, 1);
    check(List.of(weights(TensorType.Q6_K, 128_256, 256, 1, 5)), 3, 1);
  }

  @ParameterizedTest
  @EnumSource(TensorType.class)
  void holdsForLargeAndTinyNumbersAndForZeroBlocks(TensorType type) {
    for (int rows : new int[] {1, 4}) {
      check(List.of(weights(type, 19, 512, 1e-6f, 3)), rows, 1);
      check(List.of(weights(type, 19, 512, 100, 3)), rows, 1e20f);
      check(List.of(weights(type, 19, 512, 0, 3)), rows, 1);
    }
  }

  @Test
  void placesConcatenatedLayersOfUnlikeTypesSideBySide() {
    List<Tensor> weights =
        List.of(
            weights(TensorType.Q4_K, 70, 1_024, 1, 1),
            weights(TensorType.Q6_K, 5, 1_024, 1, 2),
            weights(TensorType.F16, 101, 1_024, 1, 3));
    check(weights, 1, 1);
    check(weights, 2, 1);
    check(weights, 11, 1);
    List<Tensor> direct =
        List.of(
            weights(TensorType.Q8_0, 301, 1_024, 1, 1),
            weights(TensorType.BF16, 5, 1_024, 1, 2),
            weights(TensorType.Q4_0, 101, 1_024, 1, 3));
    check(direct, 1, 1);
  }

  @Test
  void multipliesMoreRowsThanArePackedAtOnce() {
    int columns = 65_536;
    assertThat(ProductScratch.packedRows(columns)).isLessThan(48);
    check(List.of(weights(TensorType.Q8_0, 3, columns, 1, 1)), 61, 1);
  }

  @Test
  void refusesUnlikeInputsAndShortSegments() {
    Tensor narrow = weights(TensorType.F32, 2, 32, 1, 1);
    Tensor wide = weights(TensorType.F32, 2, 64, 1, 1);
    assertThatThrownBy(() -> VectorLinear.concatenated(List.of(narrow, wide)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("same inputs");
    MemorySegment x = Arena.ofAuto().allocate(32 * 4);
    MemorySegment y = Arena.ofAuto().allocate(2 * 4);
    assertThatThrownBy(() -> VectorLinear.of(narrow).multiply(pool, x, 2, y))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("x of [2, 32]");
    assertThatThrownBy(
            () -> VectorLinear.of(narrow).multiply(pool, x, 1, MemorySegment.ofArray(new float[2])))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("off the heap");
  }

  @Test
  void refusesWeightsOfAClosedFile() {
    Arena file = Arena.ofShared();
    Tensor weight = new Tensor("w", TensorType.F32, List.of(8L, 1L), file.allocate(32, 64));
    Linear linear = VectorLinear.of(weight);
    file.close();
    MemorySegment x = Arena.ofAuto().allocate(32);
    assertThatThrownBy(() -> linear.multiply(pool, x, 1, Arena.ofAuto().allocate(4)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
  }

  @ParameterizedTest
  @EnumSource(TensorType.class)
  void nativeProductsOfARowAreTheSameBitsInEveryBatch(TensorType type) {
    int inputs = 768;
    int outputs = 83;
    int most = 29;
    Tensor weight = weights(type, outputs, inputs, 1, 7);
    Random random = new Random(5);
    MemorySegment x = arena.allocate((long) most * inputs * 4, 64);
    for (int i = 0; i < most * inputs; i++) {
      x.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
    }
    for (NativeKernels kernels : natives.values()) {
      if (kernels.set() == KernelSet.NATIVE_AMX) {
        continue; // its tiles sum in another order than its single rows
      }
      Linear linear = new NativeLinear(kernels, pool, arena, List.of(weight));
      MemorySegment one = arena.allocate(outputs * 4L, 64);
      MemorySegment many = arena.allocate((long) most * outputs * 4, 64);
      for (int rows = 2; rows <= most; rows++) {
        linear.multiply(pool, x, rows, many);
        for (int row = 0; row < rows; row++) {
          linear.multiply(pool, x.asSlice((long) row * inputs * 4), 1, one);
          assertThat(many.asSlice((long) row * outputs * 4, outputs * 4L).mismatch(one))
              .as("%s %s row %d of %d", kernels.set(), type, row, rows)
              .isEqualTo(-1);
        }
      }
    }
  }

  /** Tiles round weights and activations to bf16, and nothing else: their sums are f32. */
  @ParameterizedTest
  @EnumSource(names = {"Q8_0", "Q4_0", "Q5_0"}) // a scale times an integer is exact in f32
  void tilesEqualTheDoubleProductOfBrainFloats(TensorType type) {
    NativeKernels kernels = natives.get(KernelSet.NATIVE_AMX);
    Assumptions.assumeTrue(kernels != null, "no AMX: the run with emulated tiles has it");
    int inputs = 1056; // two chunks of columns and a part of one
    int outputs = 83; // an odd number of panels, the last one not full
    Tensor weight = weights(type, outputs, inputs, 1, 11);
    Random random = new Random(3);
    for (int rows : new int[] {5, 31, 33, 300}) { // 300 are more than a block of rows
      float[] values = new float[rows * inputs];
      MemorySegment x = arena.allocate((long) rows * inputs * 4, 64);
      for (int i = 0; i < values.length; i++) {
        float value = (float) random.nextGaussian();
        x.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
        values[i] = brain(value);
      }
      MemorySegment y = arena.allocate((long) rows * outputs * 4, 64);
      new NativeLinear(kernels, pool, arena, List.of(weight)).multiply(pool, x, rows, y);
      float[] row = new float[inputs];
      for (int output = 0; output < outputs; output++) {
        weight.readRow(output, row, 0);
        for (int r = 0; r < rows; r++) {
          double sum = 0;
          double absolute = 0;
          for (int k = 0; k < inputs; k++) {
            double product = (double) values[r * inputs + k] * brain(row[k]);
            sum += product;
            absolute += Math.abs(product);
          }
          float found = y.getAtIndex(ValueLayout.JAVA_FLOAT, (long) r * outputs + output);
          assertThat((double) found)
              .as("%s row %d of %d output %d", type, r, rows, output)
              .isCloseTo(sum, within(2e-6 * absolute));
        }
      }
    }
  }

  /** Rounded to bf16, to nearest, ties to even. */
  private static float brain(float value) {
    int bits = Float.floatToRawIntBits(value);
    return Float.intBitsToFloat((bits + 0x7fff + (bits >>> 16 & 1)) & 0xffff0000);
  }

  @Test
  void nativeProductsOfNumbersThatAreNotFiniteAreNotFinite() {
    Tensor weight = weights(TensorType.Q8_0, 16, 64, 1, 7);
    MemorySegment y = arena.allocate(2 * 16 * 4L, 64);
    for (float wrong : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
      MemorySegment x = arena.allocate(2 * 64 * 4L, 64);
      x.setAtIndex(ValueLayout.JAVA_FLOAT, 70, wrong);
      for (NativeKernels kernels : natives.values()) {
        new NativeLinear(kernels, pool, arena, List.of(weight)).multiply(pool, x, 2, y);
        assertThat(y.getAtIndex(ValueLayout.JAVA_FLOAT, 3)).isZero();
        assertThat(y.getAtIndex(ValueLayout.JAVA_FLOAT, 19)).isNaN();
      }
    }
  }

  private void check(List<Tensor> weights, int rows, float magnitude) {
    check(VectorLinear.concatenated(weights), 2e-6, weights, rows, magnitude);
    for (NativeKernels kernels : natives.values()) {
      double tolerance = kernels.set() == KernelSet.NATIVE_AMX ? 6e-3 : 3e-5;
      try (Arena panels = Arena.ofShared()) {
        Linear linear = new NativeLinear(kernels, pool, panels, weights);
        check(linear, tolerance, weights, rows, magnitude);
      }
    }
  }

  private void check(
      Linear linear, double tolerance, List<Tensor> weights, int rows, float magnitude) {
    int inputs = linear.inputs();
    int outputs = linear.outputs();
    Random random = new Random(rows * 31L + inputs);
    Arena arena = Arena.ofAuto();
    MemorySegment x = arena.allocate((long) rows * inputs * 4, 64);
    MemorySegment y = arena.allocate((long) rows * outputs * 4 + 64, 64);
    y.fill((byte) 0x7f);
    float[] activations = new float[rows * inputs];
    for (int i = 0; i < activations.length; i++) {
      activations[i] = (float) random.nextGaussian() * magnitude;
      x.setAtIndex(ValueLayout.JAVA_FLOAT, i, activations[i]);
    }
    linear.multiply(pool, x, rows, y);
    int output = 0;
    for (Tensor weight : weights) {
      float[] row = new float[inputs];
      for (int n = 0; n < weight.rows(); n++, output++) {
        weight.readRow(n, row, 0);
        for (int r = 0; r < rows; r++) {
          double sum = 0;
          double absolute = 0;
          for (int k = 0; k < inputs; k++) {
            double product = (double) activations[r * inputs + k] * row[k];
            sum += product;
            absolute += Math.abs(product);
          }
          float found = y.getAtIndex(ValueLayout.JAVA_FLOAT, (long) r * outputs + output);
          if (!(Math.abs(found - sum) <= tolerance * absolute)) {
            assertThat(found)
                .as("%s [%d, %d] row %d output %d", weights, rows, inputs, r, output)
                .isEqualTo((float) sum);
          }
        }
      }
    }
    for (long i = (long) rows * outputs * 4; i < y.byteSize(); i++) {
      assertThat(y.get(ValueLayout.JAVA_BYTE, i)).as("beyond the product").isEqualTo((byte) 0x7f);
    }
  }

  private static Tensor weights(TensorType type, int rows, int columns, float scale, long seed) {
    Random random = new Random(seed);
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian() * scale;
    }
    MemorySegment data = Arena.ofAuto().allocate(type.sizeBytes(values.length), 64);
    BlockEncoder.quantize(type, values, 0, values.length, data, 0);
    return new Tensor("w", type, List.of((long) columns, (long) rows), data);
  }
}
