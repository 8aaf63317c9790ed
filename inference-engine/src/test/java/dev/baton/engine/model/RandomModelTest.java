package dev.baton.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.engine.gguf.GgufFile;
import dev.baton.engine.model.RandomModelSpec.Tokenizer;
import dev.baton.engine.tensor.Tensor;
import dev.baton.engine.tensor.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class RandomModelTest {
  @TempDir private Path folder;

  /**
   * Checksums of files that an independent generator, written in numpy, made of the same formulas.
   */
  static Stream<Arguments> checksums() {
    return Stream.of(
        Arguments.of(
            RandomModelSpec.tiny().tokenizer(Tokenizer.SPM).type(TensorType.F32),
            "c4da99ab2b953265af84a95dfdf4b13132fd35d56f585fad43463aab7e9c9e7f"),
        Arguments.of(
            RandomModelSpec.tiny().type(TensorType.F32).tied(true).ropeFactor(8).ropeTheta(500000),
            "63c8f7ebc195c36416a6b325ab899eac52fbcb0547151615e246023206e82e66"),
        Arguments.of(
            RandomModelSpec.tiny().architecture("qwen2").type(TensorType.F16).seed(7),
            "53072d681a92030caeacdcf8629c85cd1b8c1d590aa047c42f83c42b583f918f"),
        Arguments.of(
            RandomModelSpec.tiny()
                .architecture("qwen3")
                .type(TensorType.BF16)
                .tied(true)
                .headDim(32),
            "81358200a9ac602251dd2d65997764ef469bc177ee615a103ddc2e896fcce25f"),
        Arguments.of(
            RandomModelSpec.small().tokenizer(Tokenizer.SPM),
            "b25a8e07db2cac1fb5c2c9b32b81dd0e064640cb82eb1ebe4d6645b94460b10f"),
        Arguments.of(
            RandomModelSpec.small().type(TensorType.Q4_0).ropeFactor(32).seed(3),
            "ea5d8f459f4d192672345d69d5a9a655232f8b7dd7bf22b8dff1dafd3b067cea"),
        Arguments.of(
            RandomModelSpec.small().architecture("qwen2").type(TensorType.Q4_K).seed(11),
            "6331ab01493230e4e53b7ec7dc9dad7efbfab84271e0714296530b84fdf3b1d1"),
        Arguments.of(
            RandomModelSpec.small().architecture("qwen3").type(TensorType.Q6_K).tied(true),
            "6f81c0953f08bc1506c4f8d1e3bf5376d1f4b3160f6d206a56b3ba9e9640377d"),
        Arguments.of(
            RandomModelSpec.tiny().type(TensorType.Q4_K).modelDim(96).ffnDim(200).seed(2),
            "55afc33292279e11baceb83563f0f5e8f12d07e53b83bdeacc1aa183f49561a8"),
        Arguments.of(
            RandomModelSpec.chat(),
            "b6c0665abdb0b980f10af5f90321e5de3f2f61e422ca4ecb33092ddcc0254012"));
  }

  @ParameterizedTest
  @MethodSource("checksums")
  void writesTheBytesThatTheFormulasDemand(RandomModelSpec.Builder model, String sha256)
      throws IOException, NoSuchAlgorithmException {
    Path file = folder.resolve("model.gguf");
    model.writeTo(file);
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
    assertThat(HexFormat.of().formatHex(digest)).isEqualTo(sha256);
  }

  @ParameterizedTest
  @EnumSource(TensorType.class)
  void writesEveryTypeAndReadsItBack(TensorType type) throws IOException {
    Path file = folder.resolve("model.gguf");
    RandomModelSpec.tiny().modelDim(256).type(type).outputType(type).layerCount(1).writeTo(file);
    try (GgufFile model = GgufFile.open(file)) {
      assertThat(model.string("general.architecture")).isEqualTo("llama");
      assertThat(model.strings("tokenizer.ggml.tokens")).hasSize(512).doesNotHaveDuplicates();
      Tensor output = model.tensor("output.weight");
      assertThat(output.type()).isEqualTo(type);
      assertThat(output.shape()).isEqualTo(List.of(256L, 512L));
      double squares = 0;
      for (float weight : output.toFloats()) {
        squares += weight * weight;
      }
      // Standard deviation 1/16, so the mean square is 1/256, give or take the sample and rounding.
      assertThat(squares / output.elementCount() * 256).isBetween(0.97, 1.03);
    }
  }

  @Test
  void replacesAnOlderFileAndLeavesNothingElseBehind() throws IOException {
    Path file = folder.resolve("model.gguf");
    Files.writeString(file, "older");
    RandomModelSpec.tiny().writeTo(file);
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).containsExactly(file);
    }
    assertThat(Files.size(file)).isGreaterThan(100_000);
  }

  @Test
  void refusesImpossibleShapes() {
    assertThatThrownBy(() -> RandomModelSpec.tiny().architecture("gpt2").build())
        .hasMessageContaining("llama, qwen2 or qwen3, not gpt2");
    assertThatThrownBy(
            () -> RandomModelSpec.tiny().architecture("qwen2").tokenizer(Tokenizer.SPM).build())
        .hasMessageContaining("BPE");
    assertThatThrownBy(() -> RandomModelSpec.tiny().kvHeadCount(3).build())
        .hasMessageContaining("multiple of 3 KV heads");
    assertThatThrownBy(() -> RandomModelSpec.tiny().vocabSize(200).writeTo(folder.resolve("m")))
        .hasMessageContaining("vocabulary of 200 tokens");
  }
}
