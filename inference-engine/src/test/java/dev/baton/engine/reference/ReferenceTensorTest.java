package dev.baton.engine.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.baton.engine.tensor.Tensor;
import dev.baton.engine.tensor.TensorType;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ReferenceTensorTest {

  @ParameterizedTest
  @EnumSource
  void bothDecodersReadTheSameNumbersFromRandomBlocks(TensorType type) {
    int blocks = 200;
    byte[] bytes = new byte[type.blockBytes() * blocks];
    Random random = new Random(type.ggmlId());
    random.nextBytes(bytes);
    for (int at = 0; at < bytes.length; at += type.blockBytes()) {
      setScales(type, bytes, at, random);
    }
    long columns = (long) type.blockElements() * blocks;
    Tensor tensor = new Tensor("t", type, List.of(columns), MemorySegment.ofArray(bytes));
    double[] exact = ReferenceTensor.vector(tensor);
    float[] fast = tensor.toFloats();
    for (int i = 0; i < exact.length; i++) {
      if (type.isQuantised()) {
        // Scales below 1, so that terms stay below 64 · 32: two f32 roundings of such.
        assertThat((double) fast[i]).as("%s element %d", type, i).isCloseTo(exact[i], within(3e-4));
      } else {
        assertThat((double) fast[i]).isEqualTo(Double.valueOf(exact[i]));
      }
    }
  }

  /** Replaces a block's random f16 scales by ordinary ones, between 1/4 and 1. */
  private static void setScales(TensorType type, byte[] bytes, int at, Random random) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    short scale = Float.floatToFloat16(0.25f + 0.75f * random.nextFloat());
    short minimum = Float.floatToFloat16(0.25f + 0.75f * random.nextFloat());
    switch (type) {
      case F32, F16, BF16 -> {}
      case Q8_0, Q4_0, Q5_0 -> buffer.putShort(at, scale);
      case Q4_1, Q5_1, Q4_K, Q5_K -> buffer.putShort(at, scale).putShort(at + 2, minimum);
      case Q6_K -> buffer.putShort(at + 208, scale);
    }
  }

  @Test
  void everyHalfIsItsDefinition() {
    for (int bits = 0; bits < 65536; bits++) {
      byte[] bytes =
          ByteBuffer.allocate(2).order(ByteOrder.LITTLE_ENDIAN).putShort((short) bits).array();
      assertThat(ReferenceTensor.half(bytes, 0))
          .isEqualTo(Double.valueOf(Float.float16ToFloat((short) bits)));
    }
  }
}
