package dev.baton.engine.backend.cpu;

import static dev.baton.engine.backend.cpu.ForwardHarness.argmax;
import static dev.baton.engine.backend.cpu.ForwardHarness.difference;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.engine.backend.Step;
import dev.baton.engine.backend.Step.Group;
import dev.baton.engine.backend.Step.SequencePart;
import dev.baton.engine.backend.Step.SystemPart;
import dev.baton.engine.model.RandomModelSpec;
import dev.baton.engine.reference.ReferenceModel;
import dev.baton.engine.tensor.TensorType;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The whole forward pass against the reference in double precision, and against itself. */
@Tag("kernels")
class CpuBackendTest {
  /** Between two orders of f32 sums over the same numbers. */
  static final double SAME = 1e-4;

  /**
   * With activations rounded to 16 bits, from the exact model. The largest of 32 normal numbers is
   * 2.3 of their standard deviations on average; a step of 1/32767 of it errs by 1/√12 rms, 2.0e-5
   * of the activations. The four products in a row of each of two layers and the head, each at most
   * passing on what came before, make √9 · 2.0e-5 = 6e-5 of the logits, rms; the largest of some
   * 1e5 deviations (4.5 rms) over the largest of 512 logits (3 rms) is 9e-5. Qwen2's biases, with
   * heads that attend to few keys, about double it.
   */
  private static final double SAME_WITH_WORDS = 3e-4;

  /** With activations and weights rounded to the 8 bits of bf16. */
  static final double SAME_WITH_BRAIN_FLOATS = 5e-2;

  @TempDir private Path folder;

  private final Random random = new Random(5);

  @ParameterizedTest
  @EnumSource(TensorType.class)
  void everyArchitectureAndTokenizerEqualsTheReference(TensorType type) throws IOException {
    for (String architecture : List.of("llama", "qwen2", "qwen3")) {
      assertEqualsReference(
          RandomModelSpec.tiny().architecture(architecture).type(type).modelDim(256).layerCount(2));
    }
    assertEqualsReference(
        RandomModelSpec.tiny()
            .tokenizer(RandomModelSpec.Tokenizer.SPM)
            .type(type)
            .modelDim(256)
            .layerCount(2));
  }

  @ParameterizedTest
  @CsvSource({
    "qwen2, F32, false",
    "qwen2, Q4_0, true",
    "qwen3, F32, true",
    "qwen3, Q8_0, false",
    "llama, F16, true",
  })
  void tiedAndUntiedHeadsEqualTheReference(String architecture, TensorType type, boolean tied)
      throws IOException {
    assertEqualsReference(RandomModelSpec.tiny().architecture(architecture).type(type).tied(tied));
  }

  @Test
  void stretchedRotaryFrequenciesEqualTheReference() throws IOException {
    assertEqualsReference(RandomModelSpec.tiny().type(TensorType.F32).ropeFactor(32));
  }

  @ParameterizedTest
  @CsvSource({"32, 4, 4", "64, 4, 2", "64, 4, 1", "80, 3, 1", "128, 8, 1", "48, 6, 2", "20, 2, 2"})
  void headsOfAnyShapeEqualTheReference(int headDim, int heads, int kvHeads) throws IOException {
    assertEqualsReference(
        RandomModelSpec.tiny()
            .type(TensorType.F32)
            .layerCount(2)
            .headDim(headDim)
            .headCount(heads)
            .kvHeadCount(kvHeads));
  }

  private void assertEqualsReference(RandomModelSpec.Builder model) throws IOException {
    for (KernelSet kernels : TestKernels.available()) {
      assertEqualsReference(model, kernels);
    }
  }

  private void assertEqualsReference(RandomModelSpec.Builder model, KernelSet kernels)
      throws IOException {
    double same =
        switch (kernels) {
          case VECTOR -> SAME;
          case NATIVE_AVX2, NATIVE_AVX512 -> SAME_WITH_WORDS;
          case NATIVE_AMX -> SAME_WITH_BRAIN_FLOATS;
        };
    try (ForwardHarness harness = ForwardHarness.open(model, folder, kernels)) {
      ReferenceModel reference = ReferenceModel.open(harness.file);
      int[] prompt = harness.randomTokens(random, 45);
      int[] answer = reference.greedy(prompt, 6).ids();
      int[] all = concatenated(prompt, answer);
      double[][] expected = reference.logits(all);
      for (boolean relay : new boolean[] {false, true}) {
        SystemPart system = harness.system(Arrays.copyOf(prompt, 37));
        var sequence = harness.sequence();
        float[][] prefill =
            harness.run(system, relay, sequence, Arrays.copyOfRange(prompt, 37, prompt.length));
        for (int i = 0; i < prefill.length; i++) {
          assertThat(difference(prefill[i], expected[37 + i])).as(kernels.title()).isLessThan(same);
        }
        float[] last = prefill[prefill.length - 1];
        for (int i = 0; i < answer.length; i++) {
          assertThat(argmax(last)).isEqualTo(answer[i]);
          last = harness.run(system, relay, sequence, answer[i])[0];
          assertThat(difference(last, expected[prompt.length + i]))
              .as(kernels.title())
              .isLessThan(same);
        }
      }
    }
  }

  @Test
  void promptMaySplitAnywhere() throws IOException {
    try (ForwardHarness harness = ForwardHarness.open(floatModel(), folder, 2, 400)) {
      int[] prompt = harness.randomTokens(random, 70);
      double[][] expected = ReferenceModel.open(harness.file).logits(prompt);
      for (int cut : new int[] {0, 1, 15, 16, 31, 32, 33, 63, 64, 65, 69}) {
        for (boolean relay : new boolean[] {false, true}) {
          SystemPart system = cut == 0 ? null : harness.system(Arrays.copyOf(prompt, cut));
          int[] request = Arrays.copyOfRange(prompt, cut, prompt.length);
          float[][] logits = harness.run(system, relay, harness.sequence(), request);
          for (int i = 0; i < logits.length; i++) {
            assertThat(difference(logits[i], expected[cut + i])).as("cut %d", cut).isLessThan(SAME);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 32, 50})
  void chunkedPrefillEqualsWholePrefill(int chunk) throws IOException {
    try (ForwardHarness harness = ForwardHarness.open(floatModel(), folder)) {
      int[] prompt = harness.randomTokens(random, 100);
      float[][] whole = harness.run(null, false, harness.sequence(), prompt);
      var chunked = harness.sequence();
      for (int from = 0; from < prompt.length; from += chunk) {
        int to = Math.min(prompt.length, from + chunk);
        float[][] part = harness.run(null, false, chunked, Arrays.copyOfRange(prompt, from, to));
        assertThat(difference(part[to - from - 1], whole[to - 1])).isLessThan(SAME);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 0, 2",
    "3, 1, 1, 2",
    "3, 2, 0, 1",
    "17, 2, 3, 2",
    "17, 5, 2, 2",
    "17, 5, 2, 7"
  })
  void relayEqualsAttentionOverConcatenatedCache(
      int sequences, int groups, int ungrouped, int threads) throws IOException {
    try (ForwardHarness harness = ForwardHarness.open(floatModel(), folder, threads, 400)) {
      ReferenceModel reference = ReferenceModel.open(harness.file);
      List<int[]> systemTokens = new ArrayList<>();
      List<@Nullable SystemPart> systems = new ArrayList<>();
      for (int g = 0; g < groups; g++) {
        int[] tokens = harness.randomTokens(random, g == 1 ? 1 : 20 + random.nextInt(60));
        systemTokens.add(tokens);
        systems.add(harness.system(tokens));
      }
      if (ungrouped > 0) {
        systemTokens.add(new int[0]);
        systems.add(null);
      }
      List<Member> members = new ArrayList<>();
      for (int i = 0; i < sequences + ungrouped; i++) {
        int group = i < sequences ? i % groups : groups;
        members.add(new Member(harness, group));
      }
      for (int step = 0; step < 3; step++) {
        for (Member member : members) { // ragged chunks first, then single tokens
          member.next = harness.randomTokens(random, step == 0 ? 1 + random.nextInt(9) : 1);
          member.all = concatenated(member.all, member.next);
        }
        float[][] relayed = harness.run(groupsOf(members, systems, true));
        float[][] plain = harness.run(groupsOf(members, systems, false));
        int row = 0;
        for (int group = 0; group < systems.size(); group++) {
          for (Member member : members) {
            for (int i = 0; member.group == group && i < member.next.length; i++, row++) {
              assertThat(difference(relayed[row], plain[row])).isLessThan(SAME);
              assertThat(argmax(relayed[row])).isEqualTo(argmax(plain[row]));
            }
          }
        }
        assertThat(row).isEqualTo(relayed.length);
      }
      Member some = members.getLast();
      int[] all = concatenated(systemTokens.get(some.group), some.all);
      float[] again = harness.run(systems.get(some.group), true, some.relayed, 1)[0];
      double[][] expected = reference.logits(concatenated(all, new int[] {1}));
      assertThat(difference(again, expected[all.length])).isLessThan(SAME);
    }
  }

  /** A sequence computed twice: once relayed, once not. */
  private static final class Member {
    final int group;
    final ForwardHarness.Sequence relayed;
    final ForwardHarness.Sequence plain;
    int[] next = new int[0];
    int[] all = new int[0];

    Member(ForwardHarness harness, int group) {
      this.group = group;
      relayed = harness.sequence();
      plain = harness.sequence();
    }
  }

  private static Group[] groupsOf(
      List<Member> members, List<@Nullable SystemPart> systems, boolean relay) {
    Group[] groups = new Group[systems.size()];
    for (int g = 0; g < groups.length; g++) {
      List<SequencePart> parts = new ArrayList<>();
      for (Member member : members) {
        if (member.group == g) {
          parts.add((relay ? member.relayed : member.plain).next(member.next));
        }
      }
      groups[g] = new Group(systems.get(g), relay, parts);
    }
    return groups;
  }

  @Test
  void longContextIsSplitAcrossWorkersWithTheSameResult() throws IOException {
    RandomModelSpec.Builder model =
        floatModel().layerCount(1).headCount(4).kvHeadCount(1).contextLength(2048);
    int[] tokens = new Random(9).ints(1300, 0, 512).toArray();
    List<float[]> results = new ArrayList<>();
    for (int threads : new int[] {1, 4}) {
      try (ForwardHarness harness = ForwardHarness.open(model, folder, threads, 160)) {
        var system = harness.sequence();
        SystemPart part = null;
        for (int from = 0; from < 1000; from += 500) {
          SequencePart chunk = system.next(Arrays.copyOfRange(tokens, from, from + 500));
          harness.run(new Group(null, false, List.of(chunk)));
          part = new SystemPart(chunk.blocks(), from + 500);
        }
        for (boolean relay : new boolean[] {true, false}) {
          var sequence = harness.sequence();
          harness.run(part, relay, sequence, Arrays.copyOfRange(tokens, 1000, 1299));
          results.add(harness.run(part, relay, sequence, tokens[1299])[0]);
        }
      }
    }
    for (float[] result : results) {
      assertThat(difference(result, results.getFirst())).isLessThan(SAME);
    }
  }

  @Test
  void neverReadsBlocksThatTheStepDoesNotName() throws IOException {
    try (ForwardHarness harness = ForwardHarness.open(floatModel(), folder)) {
      int[] tokens = harness.randomTokens(random, 40);
      float[][] clean = harness.run(null, false, harness.sequence(), tokens);
      var memory = harness.backend.kvMemory().memory();
      for (long at = 0; at < memory.byteSize(); at += Float.BYTES) {
        memory.set(ValueLayout.JAVA_FLOAT, at, Float.NaN);
      }
      float[][] poisoned = harness.run(null, false, harness.sequence(), tokens);
      for (int i = 0; i < clean.length; i++) { // NaN is never less
        assertThat(difference(poisoned[i], clean[i])).isLessThan(SAME);
      }
    }
  }

  @Test
  void clearedBlocksHoldZeros() throws IOException {
    try (ForwardHarness harness = ForwardHarness.open(floatModel(), folder, 1, 4)) {
      var memory = harness.backend.kvMemory().memory();
      assertThat(harness.backend.kvLayout().bytesPerToken())
          .isEqualTo(CpuBackend.kvBytesPerToken(harness.config));
      assertThat(memory.byteSize()).isEqualTo(4 * harness.backend.kvLayout().blockBytes());
      memory.fill((byte) 1);
      harness.backend.clearBlocks(new int[] {0, 1, 2, 3});
      for (long at = 0; at < memory.byteSize(); at++) {
        assertThat(memory.get(ValueLayout.JAVA_BYTE, at)).isZero();
      }
    }
  }

  @Test
  void logitsComeOnlyForTheRowsAskedFor() throws IOException {
    try (ForwardHarness harness = ForwardHarness.open(floatModel(), folder)) {
      int[] tokens = harness.randomTokens(random, 12);
      float[][] all = harness.run(null, false, harness.sequence(), tokens);
      SequencePart part = harness.sequence().next(tokens);
      float[][] some =
          harness.run(
              new Group(null, false, List.of(new SequencePart(tokens, 0, part.blocks(), 10))));
      assertThat(some).hasDimensions(2, harness.config.vocabSize());
      assertThat(difference(some[1], all[11])).isLessThan(SAME);
      SequencePart none = new SequencePart(tokens, 0, part.blocks(), 12);
      assertThat(harness.run(new Group(null, false, List.of(none)))).isEmpty();
    }
  }

  @Test
  void refusesWhatPointsOutside() throws IOException {
    try (ForwardHarness harness = ForwardHarness.open(floatModel(), folder, 1, 8)) {
      assertRefused(harness, new SequencePart(new int[] {512}, 0, new int[] {0}, 0), "token ids");
      assertRefused(harness, new SequencePart(new int[] {-1}, 0, new int[] {0}, 0), "token ids");
      assertRefused(harness, new SequencePart(new int[] {1}, 0, new int[] {8}, 0), "block ids");
      assertRefused(harness, new SequencePart(new int[] {1}, 32, new int[] {0}, 0), "2 blocks");
      assertRefused(harness, new SequencePart(new int[] {1}, 0, new int[] {0}, 2), "logits from");
      assertRefused(harness, new SequencePart(new int[0], 0, new int[] {0}, 0), "1 to 512 rows");
      int[] eight = {0, 1, 2, 3, 4, 5, 6, 7};
      assertRefused(harness, new SequencePart(new int[] {1}, 256, eight, 0), "[0, 256)");
      SequencePart fits = new SequencePart(new int[] {1}, 0, new int[] {0}, 0);
      SystemPart tooLong = new SystemPart(eight, 256);
      assertThatThrownBy(() -> harness.run(new Group(tooLong, true, List.of(fits))))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("[0, 256)");
      assertThatThrownBy(() -> harness.backend.clearBlocks(new int[] {8}))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThat(harness.backend.forward(new Step(List.of(new Group(null, false, List.of(fits))))))
          .isNotNull();
    }
  }

  private static void assertRefused(ForwardHarness harness, SequencePart part, String reason) {
    assertThatThrownBy(() -> harness.run(new Group(null, false, List.of(part))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(reason);
  }

  private static RandomModelSpec.Builder floatModel() {
    return RandomModelSpec.tiny().type(TensorType.F32);
  }

  private static int[] concatenated(int[] first, int[] second) {
    int[] all = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, all, first.length, second.length);
    return all;
  }
}
