package dev.baton.engine.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.engine.EngineException;
import dev.baton.engine.gguf.GgufValue.MixedArray;
import dev.baton.engine.gguf.GgufValue.Real;
import dev.baton.engine.gguf.GgufValue.RealArray;
import dev.baton.engine.gguf.GgufValue.Whole;
import dev.baton.engine.gguf.GgufValue.WholeArray;
import dev.baton.engine.tensor.Tensor;
import dev.baton.engine.tensor.TensorType;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufFileTest {
  @TempDir private Path folder;

  /** One key of every type, and three tensors; the last ends with the file. */
  static GgufWriter sample() {
    return new GgufWriter()
        .metadata("text", GgufValue.text("Grüße, 世界"))
        .metadata("u8", new Whole(GgufValueType.UINT8, 200))
        .metadata("i8", new Whole(GgufValueType.INT8, -100))
        .metadata("u16", new Whole(GgufValueType.UINT16, 60000))
        .metadata("i16", new Whole(GgufValueType.INT16, -30000))
        .metadata("u32", new Whole(GgufValueType.UINT32, 4_000_000_000L))
        .metadata("i32", new Whole(GgufValueType.INT32, -2_000_000_000))
        .metadata("u64", new Whole(GgufValueType.UINT64, 7))
        .metadata("i64", new Whole(GgufValueType.INT64, Long.MIN_VALUE))
        .metadata("f32", GgufValue.float32(1e-5))
        .metadata("f64", new Real(GgufValueType.FLOAT64, Math.PI))
        .metadata("yes", GgufValue.flag(true))
        .metadata("texts", GgufValue.texts(List.of("a", "", "c")))
        .metadata("i32s", GgufValue.int32s(1, -2, 3))
        .metadata("f32s", GgufValue.float32s(0.5, -0.0))
        .metadata("f64s", new RealArray(GgufValueType.FLOAT64, new double[] {0.1}))
        .metadata("nothing", GgufValue.texts(List.of()))
        .metadata(
            "nested",
            new MixedArray(
                GgufValueType.ARRAY,
                List.of(
                    GgufValue.int32s(1),
                    new MixedArray(GgufValueType.BOOL, List.of(GgufValue.flag(false))))))
        .tensor("vector", TensorType.F32, List.of(3L), data -> data.fill((byte) 0))
        .tensor("matrix", TensorType.Q8_0, List.of(64L, 2L), data -> data.fill((byte) 1))
        .tensor(
            "last",
            TensorType.F16,
            List.of(4L, 2L, 2L),
            data -> data.set(ValueLayout.JAVA_BYTE, 31, (byte) 0x3C));
  }

  private GgufFile openSample() throws IOException {
    Path path = folder.resolve("sample.gguf");
    sample().writeTo(path);
    return GgufFile.open(path);
  }

  @Test
  void readsEveryTypeOfMetadataBack() throws IOException {
    try (GgufFile file = openSample()) {
      assertThat(file.string("text")).isEqualTo("Grüße, 世界");
      assertThat(file.integer("u8")).isEqualTo(200);
      assertThat(file.integer("i8")).isEqualTo(-100);
      assertThat(file.integer("u16")).isEqualTo(60000);
      assertThat(file.integer("i16")).isEqualTo(-30000);
      assertThat(file.metadata().get("u32"))
          .isEqualTo(new Whole(GgufValueType.UINT32, 4_000_000_000L));
      assertThat(file.integer("i32")).isEqualTo(-2_000_000_000);
      assertThat(file.integer("u64")).isEqualTo(7);
      assertThat(file.floating("f32")).isEqualTo(1e-5f);
      assertThat(file.floating("f64")).isEqualTo(Math.PI);
      assertThat(file.floating("u8")).isEqualTo(200);
      assertThat(file.bool("yes")).isTrue();
      assertThat(file.strings("texts")).containsExactly("a", "", "c");
      assertThat(file.integers("i32s")).containsExactly(1, -2, 3);
      assertThat(file.floats("f32s")).containsExactly(0.5f, -0.0f);
      assertThat(file.floats("f64s")).containsExactly(0.1f);
      assertThat(file.strings("nothing")).isEmpty();
      assertThat(file.metadata().get("nested"))
          .isInstanceOfSatisfying(
              MixedArray.class,
              nested -> {
                assertThat(((WholeArray) nested.values().get(0)).values()).containsExactly(1);
                assertThat(((MixedArray) nested.values().get(1)).values())
                    .containsExactly(GgufValue.flag(false));
              });
      assertThat(file.metadata().keySet()).startsWith("text", "u8", "i8").hasSize(18);
    }
  }

  @Test
  void absentKeysHaveADefaultOrAClearError() throws IOException {
    try (GgufFile file = openSample()) {
      assertThat(file.has("text")).isTrue();
      assertThat(file.has("none")).isFalse();
      assertThat(file.string("none", "else")).isEqualTo("else");
      assertThat(file.integer("none", 3)).isEqualTo(3);
      assertThat(file.floating("none", 0.5)).isEqualTo(0.5);
      assertThat(file.bool("none", true)).isTrue();
      assertThat(file.findStrings("none")).isNull();
      assertThat(file.findIntegers("none")).isNull();
      assertThat(file.findFloats("none")).isNull();
      assertThatThrownBy(() -> file.integer("none"))
          .isInstanceOf(EngineException.class)
          .hasMessageContaining("metadata 'none': found nothing");
    }
  }

  @Test
  void anotherTypeThanExpectedIsNamed() throws IOException {
    try (GgufFile file = openSample()) {
      assertThatThrownBy(() -> file.string("u8"))
          .isInstanceOf(EngineException.class)
          .hasMessageContaining("'u8': found a value of type UINT8, expected a string");
      assertThatThrownBy(() -> file.integer("text", 1)).hasMessageContaining("an integer");
      assertThatThrownBy(() -> file.strings("i32s")).hasMessageContaining("an array of strings");
      assertThatThrownBy(() -> file.integers("f32s")).hasMessageContaining("an array of integers");
      assertThatThrownBy(() -> file.bool("f32")).hasMessageContaining("a boolean");
      assertThatThrownBy(() -> file.integer("u32"))
          .isInstanceOf(EngineException.class)
          .hasMessageContaining("found 4000000000, expected a number below 2^31");
    }
  }

  @Test
  void tensorsAreViewsOfTheFile() throws IOException {
    try (GgufFile file = openSample()) {
      assertThat(file.tensors())
          .extracting(Tensor::name)
          .containsExactly("vector", "matrix", "last");
      Tensor matrix = file.tensor("matrix");
      assertThat(matrix.columns()).isEqualTo(64);
      assertThat(matrix.rows()).isEqualTo(2);
      // Scale 0x0101 as f16, quants all 1.
      assertThat(matrix.toFloats()).containsOnly(Float.float16ToFloat((short) 0x0101));
      assertThat(file.tensor("last").toFloats()).endsWith(0f, 1f);
      assertThat(file.tensor("last").data().isReadOnly()).isTrue();
      assertThat(file.findTensor("none")).isNull();
      assertThatThrownBy(() -> file.tensor("none"))
          .isInstanceOf(EngineException.class)
          .hasMessageContaining("tensor 'none'");
    }
  }

  @Test
  void acceptsVersionTwoWhichDiffersInNothingThatBatonReads() throws IOException {
    Path path = folder.resolve("old.gguf");
    byte[] file = new RawGguf().raw("GGUF").u32(2).u64(0).u64(0).end();
    Files.write(path, file);
    try (GgufFile old = GgufFile.open(path)) {
      assertThat(old.tensors()).isEmpty();
    }
  }

  @Test
  void closingUnmapsTheTensors() throws IOException {
    GgufFile file = openSample();
    Tensor tensor = file.tensor("vector");
    file.close();
    assertThatThrownBy(tensor::toFloats).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void writerRefusesANameTwice() {
    assertThatThrownBy(
            () -> sample().tensor("last", TensorType.F32, List.of(1L), data -> data.fill((byte) 0)))
        .hasMessageContaining("last");
  }
}
