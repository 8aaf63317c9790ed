package dev.baton.engine.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.baton.engine.gguf.GgufFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Judges the judge: llama.cpp's answers for the same models, which share no code with ours. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ReferenceModelTest {
  @TempDir private Path folder;
  private JsonNode answers;

  @BeforeAll
  void readAnswers() throws IOException {
    try (InputStream json = ReferenceModelTest.class.getResourceAsStream("llama-cpp-greedy.json")) {
      answers = new JsonMapper().readTree(Objects.requireNonNull(json)).get("cases");
    }
  }

  @ParameterizedTest
  @EnumSource
  void agreesWithLlamaCpp(ReferenceCase model) throws IOException {
    double tolerance = tolerance(model);
    JsonNode sequences = answers.get(model.name());
    assertThat(sequences).hasSize(3);
    try (GgufFile file = GgufFile.open(model.writeTo(folder))) {
      ReferenceModel reference = ReferenceModel.open(file);
      for (JsonNode sequence : sequences) {
        int[] prompt = ids(sequence.get("promptIds"));
        JsonNode steps = sequence.get("steps");
        int[] answer = IntStream.range(0, steps.size()).map(s -> id(steps, s, 0)).toArray();
        // Along the peer's own answer, so that a near tie it breaks differently is no difference.
        double[][] logits = reference.logits(concatenated(prompt, answer));
        for (int s = 0; s < steps.size(); s++) {
          double[] ours = logits[prompt.length - 1 + s];
          for (int k = 0; k < steps.get(s).size(); k++) {
            assertThat(ours[id(steps, s, k)])
                .as("%s, prompt of %d, step %d, candidate %d", model, prompt.length, s, k)
                .isCloseTo(logit(steps, s, k), within(tolerance));
          }
          if (logit(steps, s, 0) - logit(steps, s, 1) > 2 * tolerance) {
            double largest = Arrays.stream(ours).max().orElseThrow();
            assertThat(ours[answer[s]]).isEqualTo(largest);
          }
        }
      }
    }
  }

  @Test
  void greedyFollowsTheLargestLogitOfEachStep() throws IOException {
    try (GgufFile file = GgufFile.open(ReferenceCase.QWEN3_F32.writeTo(folder))) {
      ReferenceModel reference = ReferenceModel.open(file);
      for (JsonNode sequence : answers.get(ReferenceCase.QWEN3_F32.name())) {
        int[] prompt = ids(sequence.get("promptIds"));
        JsonNode steps = sequence.get("steps");
        var continuation = reference.greedy(prompt, steps.size());
        assertThat(continuation.ids())
            .containsExactly(IntStream.range(0, steps.size()).map(s -> id(steps, s, 0)).toArray());
        assertThat(continuation.logits()[0]).isEqualTo(reference.logits(prompt)[prompt.length - 1]);
      }
    }
  }

  /**
   * What the peer's own rounding explains: f32 sums and six printed digits; for other types it also
   * rounds activations, to f16, bf16 or eight bits a block. A wrong rotation, bias or scale shows
   * as differences of the order of the logits themselves, which is 1.
   */
  private static double tolerance(ReferenceCase model) {
    return switch (model.spec().type()) {
      case F32 -> 2e-5;
      case F16 -> 4e-3;
      case BF16 -> 4e-2;
      case Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K -> 0.12;
      case Q6_K -> 0.2;
    };
  }

  private static int id(JsonNode steps, int step, int candidate) {
    return steps.get(step).get(candidate).get(0).asInt();
  }

  private static double logit(JsonNode steps, int step, int candidate) {
    return steps.get(step).get(candidate).get(1).asDouble();
  }

  private static int[] ids(JsonNode array) {
    return IntStream.range(0, array.size()).map(i -> array.get(i).asInt()).toArray();
  }

  private static int[] concatenated(int[] a, int[] b) {
    return IntStream.concat(Arrays.stream(a), Arrays.stream(b)).toArray();
  }
}
