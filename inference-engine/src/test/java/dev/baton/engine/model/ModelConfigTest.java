package dev.baton.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.gguf.GgufFile;
import dev.baton.engine.gguf.GgufValue;
import dev.baton.engine.gguf.GgufWriter;
import dev.baton.engine.tensor.Tensor;
import dev.baton.engine.tensor.TensorType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelConfigTest {
  @TempDir private Path folder;

  @Test
  void readsTheShape() throws IOException {
    ModelConfig config =
        configOf(RandomModelSpec.tiny().architecture("qwen3").headDim(16).tied(true));
    assertThat(config.architecture()).isEqualTo("qwen3");
    assertThat(config.layerCount()).isEqualTo(3);
    assertThat(config.modelDim()).isEqualTo(64);
    assertThat(config.ffnDim()).isEqualTo(160);
    assertThat(config.headsPerKvHead()).isEqualTo(2);
    assertThat(config.queryDim()).isEqualTo(128);
    assertThat(config.kvDim()).isEqualTo(64);
    assertThat(config.vocabSize()).isEqualTo(512);
    assertThat(config.ropeStyle()).isEqualTo(RopeStyle.HALVES);
    assertThat(config.queryKeyNorm()).isTrue();
    assertThat(config.attentionBias()).isFalse();
    assertThat(config.tiedEmbeddings()).isTrue();
  }

  @Test
  void knowsEachArchitecturesTraits() throws IOException {
    ModelConfig llama = configOf(RandomModelSpec.tiny());
    assertThat(llama.ropeStyle()).isEqualTo(RopeStyle.ADJACENT);
    assertThat(llama.queryKeyNorm()).isFalse();
    assertThat(llama.tiedEmbeddings()).isFalse();
    ModelConfig qwen2 = configOf(RandomModelSpec.tiny().architecture("qwen2"));
    assertThat(qwen2.attentionBias()).isTrue();
    assertThat(qwen2.ropeStyle()).isEqualTo(RopeStyle.HALVES);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "block_count",
        "context_length",
        "embedding_length",
        "feed_forward_length",
        "attention.head_count",
        "attention.layer_norm_rms_epsilon"
      })
  void namesAFieldThatIsMissing(String field) throws IOException {
    assertFails(ErrorCode.MODEL_FILE_INVALID, "llama." + field, null, "llama." + field);
  }

  @ParameterizedTest
  @CsvSource({
    "block_count, 0",
    "context_length, 0",
    "embedding_length, 0",
    "feed_forward_length, 0",
    "attention.head_count, 0",
    "attention.head_count_kv, 0",
  })
  void namesAFieldThatIsZero(String field, int value) throws IOException {
    assertFails(ErrorCode.MODEL_FILE_INVALID, "llama." + field, GgufValue.uint32(value), field);
  }

  @Test
  void refusesARotaryScalingWithoutAFactor() throws IOException {
    assertFails(
        ErrorCode.MODEL_FILE_INVALID,
        "llama.rope.scale_linear",
        GgufValue.float32(0),
        "rope.scaling.factor must be positive, found 0");
  }

  @Test
  void refusesHeadsThatDoNotShareEvenly() throws IOException {
    assertFails(
        ErrorCode.MODEL_FILE_INVALID,
        "llama.attention.head_count_kv",
        GgufValue.uint32(3),
        "head_count 8 is no multiple of attention.head_count_kv 3");
  }

  @Test
  void refusesWhatItDoesNotServeByName() throws IOException {
    ErrorCode code = ErrorCode.MODEL_UNSUPPORTED;
    assertFails(code, "general.architecture", GgufValue.text("gemma3"), "gemma3");
    assertFails(code, "llama.expert_count", GgufValue.uint32(8), "8 experts");
    assertFails(code, "llama.attention.sliding_window", GgufValue.uint32(128), "window of 128");
    assertFails(code, "llama.attention.causal", GgufValue.flag(false), "not causal");
    assertFails(code, "llama.rope.dimension_count", GgufValue.uint32(4), "4 of 8");
    assertFails(code, "llama.rope.scaling.type", GgufValue.text("yarn"), "yarn");
    assertFails(code, "llama.attention.value_length", GgufValue.uint32(16), "values of 16");
    assertFails(code, "llama.vocab_size", GgufValue.uint32(511), "vocab_size is 511");
  }

  @Test
  void aWindowBeyondTheContextIsNone() throws IOException {
    try (GgufFile file =
        changed(Map.of("llama.attention.sliding_window", GgufValue.uint32(512)), Map.of())) {
      assertThat(ModelConfig.of(file).contextLength()).isEqualTo(512);
    }
  }

  @Test
  void readsRotaryScaling() throws IOException {
    Map<String, GgufValue> linear =
        Map.of(
            "llama.rope.scaling.type", GgufValue.text("linear"),
            "llama.rope.scaling.factor", GgufValue.float32(4));
    try (GgufFile file = changed(linear, Map.of())) {
      assertThat(ModelConfig.of(file).ropeScaling()).isEqualTo(new RopeScaling.Linear(4));
    }
    try (GgufFile file =
        changed(Map.of("llama.rope.scale_linear", GgufValue.float32(2)), Map.of())) {
      assertThat(ModelConfig.of(file).ropeScaling()).isEqualTo(new RopeScaling.Linear(2));
    }
  }

  @Test
  void llama3ScalingKeepsHighFrequenciesAndDividesLowOnes() {
    RopeScaling scaling = new RopeScaling.Llama3(8, 1, 4, 8192);
    double turn = 2 * Math.PI;
    assertThat(scaling.scale(turn / 100)).isEqualTo(turn / 100);
    assertThat(scaling.scale(turn / 8192)).isCloseTo(turn / 8192 / 8, within(1e-15));
    double between = scaling.scale(turn / 4096);
    assertThat(between).isBetween(turn / 4096 / 8, turn / 4096);
  }

  @Test
  void namesATensorOfAnotherShape() throws IOException {
    Map<String, List<Long>> shapes = Map.of("blk.1.attn_k.weight", List.of(64L, 16L));
    try (GgufFile file = changed(Map.of(), shapes)) {
      ModelConfig config = ModelConfig.of(file);
      assertThatThrownBy(() -> ModelWeights.of(file, config))
          .isInstanceOf(EngineException.class)
          .hasMessageContaining("blk.1.attn_k.weight")
          .hasMessageContaining("expected shape [64, 32], found [64, 16]");
    }
  }

  @Test
  void rotationTurnsEachPairByItsAngle() {
    RopeTables tables = new RopeTables(10, 4, 10_000, new RopeScaling.None(), new float[0]);
    float[] adjacent = {1, 0, 0, 1};
    tables.rotateInPlace(RopeStyle.ADJACENT, adjacent, 0, 7);
    float[] halves = {1, 0, 0, 1};
    tables.rotateInPlace(RopeStyle.HALVES, halves, 0, 7);
    float[] angles = {7, 0.07f};
    assertThat(adjacent)
        .containsExactly(
            new float[] {
              (float) Math.cos(angles[0]),
              (float) Math.sin(angles[0]),
              (float) -Math.sin(angles[1]),
              (float) Math.cos(angles[1])
            },
            within(1e-6f));
    assertThat(halves)
        .containsExactly(
            new float[] {
              (float) Math.cos(angles[0]),
              (float) -Math.sin(angles[1]),
              (float) Math.sin(angles[0]),
              (float) Math.cos(angles[1])
            },
            within(1e-6f));
  }

  private ModelConfig configOf(RandomModelSpec.Builder model) throws IOException {
    Path path = folder.resolve("model.gguf");
    model.writeTo(path);
    try (GgufFile file = GgufFile.open(path)) {
      return ModelConfig.of(file);
    }
  }

  private void assertFails(
      ErrorCode code, String key, @org.jspecify.annotations.Nullable GgufValue value, String reason)
      throws IOException {
    Map<String, GgufValue> changes = new TreeMap<>();
    changes.put(key, value == null ? REMOVED : value);
    try (GgufFile file = changed(changes, Map.of())) {
      assertThatThrownBy(() -> ModelConfig.of(file))
          .isInstanceOf(EngineException.class)
          .hasMessageContaining(reason)
          .extracting(e -> ((EngineException) e).code())
          .isEqualTo(code);
    }
  }

  private static final GgufValue REMOVED = GgufValue.text("removed");

  /** The tiny model with other metadata and zeros of other shapes. */
  private GgufFile changed(Map<String, GgufValue> metadata, Map<String, List<Long>> shapes)
      throws IOException {
    Path original = folder.resolve("original.gguf");
    RandomModelSpec.tiny().type(TensorType.F32).writeTo(original);
    Path path = folder.resolve("changed.gguf");
    try (GgufFile file = GgufFile.open(original)) {
      GgufWriter writer = new GgufWriter();
      Map<String, GgufValue> all = new TreeMap<>(file.metadata());
      all.putAll(metadata);
      all.values().removeIf(value -> value == REMOVED);
      all.forEach(writer::metadata);
      for (Tensor tensor : file.tensors()) {
        List<Long> shape = shapes.getOrDefault(tensor.name(), tensor.shape());
        writer.tensor(tensor.name(), TensorType.F32, shape, data -> data.fill((byte) 0));
      }
      writer.writeTo(path);
    }
    return GgufFile.open(path);
  }
}
