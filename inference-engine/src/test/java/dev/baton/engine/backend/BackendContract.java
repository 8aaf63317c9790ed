package dev.baton.engine.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.engine.backend.Step.Group;
import dev.baton.engine.backend.Step.SequencePart;
import dev.baton.engine.backend.Step.SystemPart;
import dev.baton.engine.gguf.GgufFile;
import dev.baton.engine.model.ModelConfig;
import dev.baton.engine.model.RandomModelSpec;
import dev.baton.engine.reference.ReferenceModel;
import dev.baton.engine.tensor.TensorType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What every backend computes, judged by the reference in double precision. */
public interface BackendContract {
  int BLOCK_TOKENS = 32;
  int MAX_ROWS = 192;

  /** A backend with {@link #BLOCK_TOKENS} and {@link #MAX_ROWS} rows and logit rows. */
  Backend open(GgufFile file, ModelConfig config, int blockCount);

  /** What the backend is judged by: the model in double precision. */
  default ReferenceModel reference(GgufFile file) {
    return ReferenceModel.open(file);
  }

  /** Largest distance from the reference over its largest magnitude. */
  double tolerance();

  /** A model, its backend, and who owns which block. */
  final class Bench implements AutoCloseable {
    final GgufFile file;
    final ModelConfig config;
    final Backend backend;
    private int blocks;

    Bench(BackendContract contract, RandomModelSpec.Builder model, Path folder) throws IOException {
      Path path = folder.resolve("model.gguf");
      model.writeTo(path);
      file = GgufFile.open(path);
      config = ModelConfig.of(file);
      blocks = 96;
      backend = contract.open(file, config, blocks);
    }

    /** Blocks from the pool's end, so that a sequence's are not in ascending order. */
    int[] take(int count) {
      int[] taken = new int[count];
      Arrays.setAll(taken, i -> --blocks);
      return taken;
    }

    SystemPart system(int... tokens) {
      int[] owned = take(Math.ceilDiv(tokens.length, BLOCK_TOKENS));
      run(new Group(null, false, List.of(new SequencePart(tokens, 0, owned, tokens.length))));
      return new SystemPart(owned, tokens.length);
    }

    float[][] run(Group... groups) {
      Logits logits = backend.forward(new Step(List.of(groups)));
      float[][] rows = new float[logits.rowCount()][logits.vocabSize()];
      for (int i = 0; i < rows.length; i++) {
        logits.copyRow(i, rows[i]);
      }
      return rows;
    }

    int[] tokens(Random random, int count) {
      return random.ints(count, 0, config.vocabSize()).toArray();
    }

    @Override
    public void close() {
      backend.close();
      file.close();
    }
  }

  /** A sequence of a group, with all tokens of its prompt and what it computed. */
  final class Talk {
    final int group;
    final int[] all;
    private final int[] blocks;
    private int done;

    Talk(Bench bench, int group, int[] all) {
      this.group = group;
      this.all = all;
      blocks = bench.take(Math.ceilDiv(all.length, BLOCK_TOKENS));
    }

    SequencePart next(int count) {
      int end = Math.min(all.length, done + count);
      SequencePart part = new SequencePart(Arrays.copyOfRange(all, done, end), done, blocks, 0);
      done = end;
      return part;
    }
  }

  private static RandomModelSpec.Builder small() {
    return RandomModelSpec.tiny().layerCount(2);
  }

  @ParameterizedTest
  @EnumSource(TensorType.class)
  default void everyWeightFormatEqualsTheReference(TensorType type, @TempDir Path folder)
      throws IOException {
    assertEqualsReference(small().type(type).modelDim(256).layerCount(1), folder);
  }

  @ParameterizedTest
  @CsvSource({"llama, true", "qwen2, false", "qwen3, true"})
  default void everyArchitectureEqualsTheReference(
      String architecture, boolean tied, @TempDir Path folder) throws IOException {
    assertEqualsReference(
        small().architecture(architecture).type(TensorType.F32).tied(tied), folder);
  }

  @ParameterizedTest
  @CsvSource({"32, 4, 4", "64, 4, 1", "80, 3, 1", "128, 8, 1", "48, 6, 2"})
  default void headsOfManyShapesEqualTheReference(
      int headDim, int heads, int kvHeads, @TempDir Path folder) throws IOException {
    assertEqualsReference(
        RandomModelSpec.tiny()
            .type(TensorType.F32)
            .layerCount(1)
            .headDim(headDim)
            .headCount(heads)
            .kvHeadCount(kvHeads),
        folder);
  }

  private void assertEqualsReference(RandomModelSpec.Builder model, Path folder)
      throws IOException {
    try (Bench bench = new Bench(this, model, folder)) {
      int[] all = bench.tokens(new Random(5), 45);
      double[][] expected = reference(bench.file).logits(all);
      SystemPart system = bench.system(Arrays.copyOf(all, 37));
      for (boolean relay : new boolean[] {false, true}) {
        Talk talk = new Talk(bench, 0, Arrays.copyOfRange(all, 37, all.length));
        int row = 37;
        for (int count : new int[] {5, 1, 1, 1}) {
          for (float[] logits : bench.run(new Group(system, relay, List.of(talk.next(count))))) {
            assertThat(difference(logits, expected[row++])).isLessThan(tolerance());
          }
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"false", "true"})
  default void aMixedStepOfTenantsAndUngroupedEqualsTheReference(
      boolean relay, @TempDir Path folder) throws IOException {
    try (Bench bench = new Bench(this, small().type(TensorType.F32), folder)) {
      Random random = new Random(7);
      ReferenceModel reference = reference(bench.file);
      List<int[]> systems = List.of(bench.tokens(random, 70), bench.tokens(random, 1), new int[0]);
      List<@Nullable SystemPart> resident = new ArrayList<>();
      for (int[] tokens : systems) {
        resident.add(tokens.length == 0 ? null : bench.system(tokens));
      }
      List<Talk> talks = new ArrayList<>();
      for (int i = 0; i < 9; i++) {
        talks.add(new Talk(bench, i % 3, bench.tokens(random, 18)));
      }
      List<double[][]> expected = new ArrayList<>();
      for (Talk talk : talks) {
        expected.add(reference.logits(joined(systems.get(talk.group), talk.all)));
      }
      // Prefill of all sequences beside each other, then single tokens beside a late prefill.
      for (int round = 0; round < 4; round++) {
        List<Group> groups = new ArrayList<>();
        List<double[]> wanted = new ArrayList<>();
        for (int g = 0; g < systems.size(); g++) {
          List<SequencePart> parts = new ArrayList<>();
          for (int t = 0; t < talks.size(); t++) {
            Talk talk = talks.get(t);
            int chunk = round == 0 ? (t < 6 ? 10 + t : 0) : t < 6 ? 1 : 6;
            if (talk.group == g && chunk > 0) {
              int before = systems.get(g).length + talk.done;
              SequencePart part = talk.next(chunk);
              for (int i = 0; i < part.tokens().length; i++) {
                wanted.add(expected.get(t)[before + i]);
              }
              parts.add(part);
            }
          }
          groups.add(new Group(resident.get(g), relay, parts));
        }
        groups.removeIf(group -> group.sequences().isEmpty());
        float[][] logits = bench.run(groups.toArray(new Group[0]));
        assertThat(logits).hasNumberOfRows(wanted.size());
        for (int row = 0; row < logits.length; row++) {
          assertThat(difference(logits[row], wanted.get(row))).isLessThan(tolerance());
        }
      }
    }
  }

  @Test
  default void aLongPrefillInOneStepEqualsTheReference(@TempDir Path folder) throws IOException {
    try (Bench bench = new Bench(this, small().type(TensorType.Q8_0), folder)) {
      int[] all = bench.tokens(new Random(9), MAX_ROWS - 3);
      double[][] expected = reference(bench.file).logits(all);
      float[][] logits =
          bench.run(new Group(null, false, List.of(new Talk(bench, 0, all).next(all.length))));
      for (int row = 0; row < logits.length; row++) {
        assertThat(difference(logits[row], expected[row])).isLessThan(tolerance());
      }
    }
  }

  @Test
  default void clearedBlocksServeAnotherSequenceAsNewOnes(@TempDir Path folder) throws IOException {
    try (Bench bench = new Bench(this, small().type(TensorType.F32), folder)) {
      int[] blocks = bench.take(2);
      int[] tokens = bench.tokens(new Random(3), 40);
      SequencePart part = new SequencePart(tokens, 0, blocks, 39);
      float[][] first = bench.run(new Group(null, false, List.of(part)));
      bench.backend.clearBlocks(blocks);
      assertThat(bench.run(new Group(null, false, List.of(part)))).isDeepEqualTo(first);
    }
  }

  @Test
  default void aStepThatBreaksTheContractIsRefusedAndTheNextIsServed(@TempDir Path folder)
      throws IOException {
    try (Bench bench = new Bench(this, small().type(TensorType.F32), folder)) {
      int[] block = bench.take(1);
      assertRefused(bench, new SequencePart(new int[] {1 << 30}, 0, block, 0), "token ids");
      assertRefused(bench, new SequencePart(new int[] {1}, 0, new int[] {9999}, 0), "block ids");
      assertRefused(bench, new SequencePart(new int[33], 0, block, 0), "need 2 blocks");
      assertRefused(bench, new SequencePart(new int[MAX_ROWS + 1], 0, block, 0), "a step has");
      assertRefused(bench, new SequencePart(new int[] {1}, -1, block, 0), "from -1");
      assertThat(
              bench.run(
                  new Group(null, false, List.of(new SequencePart(new int[] {1}, 0, block, 0)))))
          .hasNumberOfRows(1);
    }
  }

  private static void assertRefused(Bench bench, SequencePart part, String words) {
    assertThatThrownBy(() -> bench.run(new Group(null, false, List.of(part))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(words);
  }

  private static int[] joined(int[] first, int[] second) {
    int[] joined = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, joined, first.length, second.length);
    return joined;
  }

  /** Largest distance over the reference's largest magnitude. */
  static double difference(float[] actual, double[] reference) {
    double difference = 0;
    double magnitude = 0;
    for (int i = 0; i < reference.length; i++) {
      double distance = Math.abs(actual[i] - reference[i]);
      difference = Double.isNaN(distance) ? Double.NaN : Math.max(difference, distance);
      magnitude = Math.max(magnitude, Math.abs(reference[i]));
    }
    return difference / magnitude;
  }
}
