package dev.baton.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.baton.engine.ChatMessage;
import dev.baton.engine.Engine;
import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.FinishReason;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.Residency;
import dev.baton.engine.SamplingParameters;
import dev.baton.engine.SystemKvKey;
import dev.baton.engine.SystemPrompt;
import dev.baton.engine.gguf.GgufFile;
import dev.baton.engine.model.RandomModelSpec;
import dev.baton.engine.reference.ReferenceModel;
import dev.baton.engine.scheduler.RelayMode;
import dev.baton.engine.scheduler.SchedulerSettings;
import dev.baton.engine.tensor.TensorType;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The whole engine with its own thread, on a random model and the CPU. */
final class CpuEngineTest {
  private static final int MAX_TOKENS = 10;

  @TempDir static Path folder;
  private static Path model;
  private static int[] prompt;
  private static List<Integer> expected;

  @BeforeAll
  static void makeModel() throws IOException {
    model = folder.resolve("tiny.gguf");
    RandomModelSpec.tiny().type(TensorType.F32).writeTo(model);
    prompt = new Random(11).ints(75, 3, 250).toArray();
    expected = reference(prompt);
  }

  private static List<Integer> reference(int[] ids) {
    try (GgufFile file = GgufFile.open(model)) {
      int[] greedy = ReferenceModel.open(file).greedy(ids, MAX_TOKENS).ids();
      return Arrays.stream(greedy).boxed().toList();
    }
  }

  private static Engine open(RelayMode relay) {
    return LocalEngine.open(
        EngineSettings.defaults(model)
            .withBatch(new SchedulerSettings(8, 48, relay, 1, 2, 256))
            .withMemory(EngineSettings.Memory.DEFAULTS.withKvBytes(4L << 20))
            .withThreads(2));
  }

  private static RecordingListener generate(
      Engine engine, String tenant, int @Nullable [] system, int[] own, int @Nullable [] forced) {
    SystemPrompt prompt =
        system == null
            ? null
            : new SystemPrompt(
                new SystemKvKey(tenant, "v" + system.length), new SystemPrompt.Tokens(system));
    RecordingListener listener = new RecordingListener();
    var unused =
        engine.generate(
            new GenerationRequest(
                "r",
                tenant,
                prompt,
                new GenerationRequest.Tokens(own),
                SamplingParameters.GREEDY,
                MAX_TOKENS,
                List.of(),
                true,
                2,
                forced),
            listener);
    return listener;
  }

  @ParameterizedTest
  @EnumSource(RelayMode.class)
  void saysWhatTheReferenceSaysHoweverThePromptIsSplitBetweenTenants(RelayMode relay)
      throws InterruptedException {
    try (Engine engine = open(relay)) {
      List<RecordingListener> listeners = new ArrayList<>();
      for (int split : new int[] {1, 31, 32, 33, 74, 75}) {
        for (String tenant : List.of("a", "b")) {
          listeners.add(
              generate(
                  engine,
                  tenant,
                  Arrays.copyOf(prompt, split),
                  Arrays.copyOfRange(prompt, split, prompt.length),
                  null));
        }
      }
      listeners.add(generate(engine, "c", null, prompt, null));
      for (RecordingListener listener : listeners) {
        listener.await();
        assertThat(listener.reason()).isEqualTo(FinishReason.LENGTH);
        assertThat(listener.ids()).isEqualTo(expected);
      }
      assertThat(engine.statistics().requestBlocks()).isZero();
    }
  }

  @Test
  void scoringReportsTheLogitsOfGenerating() throws InterruptedException {
    try (Engine engine = open(RelayMode.AUTO)) {
      int[] system = Arrays.copyOf(prompt, 40);
      int[] own = Arrays.copyOfRange(prompt, 40, prompt.length);
      RecordingListener generated = generate(engine, "a", system, own, null);
      generated.await();
      int[] forced = expected.stream().mapToInt(Integer::intValue).toArray();
      RecordingListener scored = generate(engine, "a", system, own, forced);
      scored.await();
      assertThat(scored.ids()).isEqualTo(generated.ids());
      for (int i = 0; i < forced.length; i++) {
        assertThat(scored.tokens().get(i).logit())
            .isCloseTo(generated.tokens().get(i).logit(), within(1e-4f));
        assertThat(scored.tokens().get(i).top()).hasSize(2);
      }
    }
  }

  @Test
  void chatsThroughTheModelsOwnTemplateAndKeepsTheSystemKv() throws InterruptedException {
    try (Engine engine = open(RelayMode.AUTO)) {
      SystemPrompt prompt =
          new SystemPrompt(
              new SystemKvKey("a", "v1"), new SystemPrompt.Text("You help. ".repeat(8)));
      assertThat(engine.pin(prompt).join().residency()).isEqualTo(Residency.DEVICE);
      List<RecordingListener> listeners = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        RecordingListener listener = new RecordingListener();
        listeners.add(listener);
        var unused =
            engine.generate(
                new GenerationRequest(
                    "r" + i,
                    "a",
                    prompt,
                    new GenerationRequest.Chat(List.of(new ChatMessage("user", "Hi " + i))),
                    SamplingParameters.GREEDY,
                    6,
                    List.of(),
                    true,
                    0,
                    null),
                listener);
      }
      for (RecordingListener listener : listeners) {
        listener.await();
        assertThat(listener.ids()).hasSize(6);
        assertThat(listener.cachedTokens()).isGreaterThan(20);
      }
      assertThat(engine.systemKvs().getFirst().hits()).isEqualTo(4);
      assertThat(engine.unpin(prompt.key()).join().pinned()).isFalse();
      assertThat(engine.evict(prompt.key()).join().residency()).isEqualTo(Residency.ABSENT);
      assertThat(engine.statistics().freeBlocks()).isEqualTo(engine.statistics().totalBlocks());
      assertThat(engine.model().id()).isEqualTo("tiny");
      assertThat(engine.preview("You help.").tokens()).isPositive();
    }
  }

  @Test
  void drainingWaitsForWhatRuns() throws InterruptedException {
    try (Engine engine = open(RelayMode.AUTO)) {
      RecordingListener listener = generate(engine, "a", null, prompt, null);
      engine.drain(Duration.ofSeconds(30));
      assertThat(listener.ended()).isTrue();
      assertThat(listener.ids()).isEqualTo(expected);
    }
  }

  @Test
  void refusesMoreThreadsThanCoresWithTheNumbers() {
    int cores = Runtime.getRuntime().availableProcessors();
    EngineSettings settings = EngineSettings.defaults(model).withThreads(cores + 1);
    assertThatThrownBy(() -> LocalEngine.open(settings))
        .isInstanceOfSatisfying(
            EngineException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.CONFIGURATION_INVALID))
        .hasMessageContaining((cores + 1) + " threads asked for")
        .hasMessageContaining(cores + " cores");
  }

  @Test
  void refusesAPoolLargerThanMemoryWithTheNumbers() {
    EngineSettings settings =
        EngineSettings.defaults(model)
            .withMemory(EngineSettings.Memory.DEFAULTS.withKvBytes(1L << 50));
    assertThatThrownBy(() -> LocalEngine.open(settings))
        .isInstanceOfSatisfying(
            EngineException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.CONFIGURATION_INVALID))
        .hasMessageContaining("1073741824 MiB of KV");
    EngineSettings tiny =
        EngineSettings.defaults(model).withMemory(EngineSettings.Memory.DEFAULTS.withKvBytes(100L));
    assertThatThrownBy(() -> LocalEngine.open(tiny)).hasMessageContaining("holds no block");
  }
}
