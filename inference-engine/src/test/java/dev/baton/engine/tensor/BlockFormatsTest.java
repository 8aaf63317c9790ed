package dev.baton.engine.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BlockFormatsTest {
  private static final int COLUMNS = 512;

  @ParameterizedTest
  @EnumSource
  void whatIsEncodedComesBackWithinHalfAStepOfItsBlock(TensorType type) {
    float[] source = gaussian(COLUMNS, 1);
    float[] back = roundTrip(type, source);
    // Half a step of the coarsest grid that values within ±4 can get in one block of the type.
    double halfStep =
        switch (type) {
          case F32 -> 0;
          case F16 -> Math.scalb(1.0, -10);
          case BF16 -> Math.scalb(1.0, -7);
          case Q8_0 -> 4.0 / 127 / 2 + 2e-3;
          case Q4_0 -> 4.0 / 8;
          case Q5_0 -> 4.0 / 16;
          case Q4_1 -> 8.0 / 15 / 2 + 5e-3;
          case Q5_1 -> 8.0 / 31 / 2 + 5e-3;
          // The six-bit scale and minimum add up to half their own steps.
          case Q4_K -> 8.0 / 15 / 2 + 8.0 / 63 / 2 + 4.0 / 63 / 2;
          case Q5_K -> 8.0 / 31 / 2 + 8.0 / 63 / 2 + 4.0 / 63 / 2;
          case Q6_K -> 4.0 / 31.5 / 2 + 4.0 / 127 / 2;
        };
    for (int i = 0; i < COLUMNS; i++) {
      assertThat(back[i])
          .as("%s element %d", type, i)
          .isCloseTo(source[i], within((float) halfStep));
    }
  }

  @ParameterizedTest
  @EnumSource
  void zerosStayZeros(TensorType type) {
    assertThat(roundTrip(type, new float[COLUMNS])).containsOnly(0f);
  }

  @ParameterizedTest
  @EnumSource
  void oneOutlierDoesNotLeaveItsBlock(TensorType type) {
    float[] source = new float[COLUMNS];
    source[300] = -1000;
    float[] back = roundTrip(type, source);
    assertThat(back[300]).isCloseTo(-1000, within(40f));
    for (int i = 0; i < 256; i++) {
      assertThat(back[i]).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource
  void readsAtAnyOffsetAndWritesNothingElse(TensorType type) {
    float[] source = gaussian(COLUMNS, 2);
    byte[] bytes = new byte[Math.toIntExact(type.sizeBytes(COLUMNS)) + 3];
    MemorySegment data = MemorySegment.ofArray(bytes);
    BlockEncoder.quantize(type, source, 0, COLUMNS, data, 3);
    float[] whole = new float[COLUMNS];
    BlockFormats.dequantize(type, data, 3, whole, 0, COLUMNS);
    float[] part = new float[260];
    BlockFormats.dequantize(type, data, 3 + type.sizeBytes(256), part, 2, 256);
    assertThat(part).startsWith(0, 0).endsWith(0, 0);
    for (int i = 0; i < 256; i++) {
      assertThat(part[2 + i]).isEqualTo(whole[256 + i]);
    }
  }

  @Test
  void refusesPartsOfBlocks() {
    MemorySegment data = MemorySegment.ofArray(new byte[34]);
    assertThatThrownBy(
            () -> BlockFormats.dequantize(TensorType.Q8_0, data, 0, new float[32], 0, 31))
        .hasMessageContaining("whole blocks of 32");
    assertThatThrownBy(() -> BlockEncoder.quantize(TensorType.Q4_K, new float[256], 0, 32, data, 0))
        .hasMessageContaining("whole blocks of 256");
  }

  @Test
  void tensorsKnowTheirRowsAndRefuseAnotherSize() {
    MemorySegment data = MemorySegment.ofArray(new byte[34 * 2 * 6]);
    Tensor tensor = new Tensor("w", TensorType.Q8_0, List.of(64L, 3L, 2L), data);
    assertThat(tensor.columns()).isEqualTo(64);
    assertThat(tensor.rows()).isEqualTo(6);
    assertThat(tensor.rowBytes()).isEqualTo(68);
    assertThat(tensor.elementCount()).isEqualTo(384);
    assertThatThrownBy(() -> new Tensor("w", TensorType.Q8_0, List.of(64L, 5L), data))
        .hasMessageContaining("takes 340 bytes, not 408");
    assertThatThrownBy(() -> new Tensor("w", TensorType.F32, List.of(1L << 40, 1L << 40), data))
        .isInstanceOf(ArithmeticException.class);
  }

  private static float[] roundTrip(TensorType type, float[] source) {
    MemorySegment data =
        MemorySegment.ofArray(new byte[Math.toIntExact(type.sizeBytes(source.length))]);
    BlockEncoder.quantize(type, source, 0, source.length, data, 0);
    float[] back = new float[source.length];
    BlockFormats.dequantize(type, data, 0, back, 0, source.length);
    return back;
  }

  private static float[] gaussian(int count, long seed) {
    Random random = new Random(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) Math.clamp(random.nextGaussian(), -4, 4);
    }
    return values;
  }
}
