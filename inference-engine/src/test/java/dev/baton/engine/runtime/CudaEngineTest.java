package dev.baton.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.cuda.StandIn;
import dev.baton.engine.Engine;
import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.FinishReason;
import dev.baton.engine.Generation;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.Residency;
import dev.baton.engine.SamplingParameters;
import dev.baton.engine.SystemKvKey;
import dev.baton.engine.SystemPrompt;
import dev.baton.engine.model.RandomModelSpec;
import dev.baton.engine.scheduler.RelayMode;
import dev.baton.engine.scheduler.SchedulerSettings;
import dev.baton.engine.tensor.TensorType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The whole engine on the CUDA backend, over the real JCuda, on the driver stand-in. */
final class CudaEngineTest {
  private static final int MAX_TOKENS = 6;
  private static final int ILLEGAL_ADDRESS = 700;
  private static final int UNKNOWN = 999;

  @TempDir static Path folder;
  private static Path model;
  private static int[] prompt;

  private StandIn standIn;

  @BeforeAll
  static void makeModel() throws IOException {
    model = folder.resolve("tiny.gguf");
    RandomModelSpec.tiny().type(TensorType.F32).layerCount(2).writeTo(model);
    prompt = new Random(11).ints(75, 3, 250).toArray();
  }

  @BeforeEach
  void loadStandIn() {
    standIn = StandIn.require();
    StandIn.nameInProperties();
  }

  @AfterEach
  void nothingIsLeft() {
    StandIn.clearProperties();
    assertThat(standIn.leaks()).isEmpty();
    standIn.reset();
  }

  private static EngineSettings settings(DeviceChoice device, RelayMode relay) {
    return EngineSettings.defaults(model)
        .withBatch(new SchedulerSettings(8, 48, relay, 1, 2, 256))
        .withMemory(EngineSettings.Memory.DEFAULTS.withKvBytes(2L << 20))
        .withThreads(1)
        .withDevice(device);
  }

  private static Engine open() {
    return LocalEngine.open(settings(DeviceChoice.CUDA, RelayMode.AUTO));
  }

  private static Generation generate(
      Engine engine, RecordingListener listener, String tenant, int split, int maxTokens) {
    return generate(engine, listener, tenant, split, maxTokens, SamplingParameters.GREEDY, 2);
  }

  private static Generation generate(
      Engine engine,
      RecordingListener listener,
      String tenant,
      int split,
      int maxTokens,
      SamplingParameters sampling,
      int topLogprobs) {
    SystemPrompt system =
        split == 0
            ? null
            : new SystemPrompt(
                new SystemKvKey(tenant, "v" + split),
                new SystemPrompt.Tokens(Arrays.copyOf(prompt, split)));
    return engine.generate(
        new GenerationRequest(
            "r",
            tenant,
            system,
            new GenerationRequest.Tokens(Arrays.copyOfRange(prompt, split, prompt.length)),
            sampling,
            maxTokens,
            List.of(),
            true,
            topLogprobs,
            null),
        listener);
  }

  private static RecordingListener generate(Engine engine, String tenant, int split) {
    RecordingListener listener = new RecordingListener();
    generate(engine, listener, tenant, split, MAX_TOKENS);
    return listener;
  }

  @ParameterizedTest
  @EnumSource(RelayMode.class)
  void saysWhatTheCpuSays(RelayMode relay) throws InterruptedException {
    List<Integer> expected;
    try (Engine cpu = LocalEngine.open(settings(DeviceChoice.CPU, relay))) {
      RecordingListener listener = generate(cpu, "a", 0);
      listener.await();
      expected = listener.ids();
    }
    try (Engine cuda = LocalEngine.open(settings(DeviceChoice.CUDA, relay))) {
      List<RecordingListener> listeners = new ArrayList<>();
      for (int split : new int[] {0, 1, 32, 74}) {
        for (String tenant : List.of("a", "b")) {
          listeners.add(generate(cuda, tenant, split));
        }
      }
      for (RecordingListener listener : listeners) {
        listener.await();
        assertThat(listener.reason()).isEqualTo(FinishReason.LENGTH);
        assertThat(listener.ids()).isEqualTo(expected);
      }
      assertThat(cuda.statistics().requestBlocks()).isZero();
    }
  }

  /** Without alternatives the GPU chooses, with them the host. */
  @Test
  void theSameSeedDrawsTheSameTokensWhoeverChooses() throws InterruptedException {
    SamplingParameters sampling =
        new SamplingParameters(0.9, 50, 0.95, 0.01, 1.1, 0.4, 0.2, Map.of(7, 2f), 99);
    try (Engine engine = open()) {
      List<List<Integer>> drawn = new ArrayList<>();
      for (int topLogprobs : new int[] {0, 3}) {
        RecordingListener listener = new RecordingListener();
        generate(engine, listener, "a", 32, 24, sampling, topLogprobs);
        drawn.add(finished(listener));
        assertThat(listener.tokens())
            .allMatch(token -> token.top().size() == topLogprobs && token.logprob() < 0);
      }
      assertThat(drawn.get(0)).hasSize(24).isEqualTo(drawn.get(1));
    }
  }

  @Test
  void aCancelledRequestGivesItsBlocksBack() throws InterruptedException {
    try (Engine engine = open()) {
      RecordingListener listener = new RecordingListener();
      generate(engine, listener, "a", 32, 200).cancel();
      listener.await();
      assertThat(listener.reason()).isEqualTo(FinishReason.CANCELLED);
      assertThat(engine.statistics().requestBlocks()).isZero();
    }
  }

  @Test
  void moreSystemPromptsThanMemoryHoldsAreServedByEviction() throws InterruptedException {
    EngineSettings small =
        settings(DeviceChoice.CUDA, RelayMode.AUTO)
            .withMemory(EngineSettings.Memory.DEFAULTS.withKvBytes(160L << 10));
    try (Engine engine = LocalEngine.open(small)) {
      List<Integer> first = List.of();
      for (int round = 0; round < 12; round++) {
        RecordingListener listener = generate(engine, "t" + round, 64);
        listener.await();
        assertThat(listener.reason()).isEqualTo(FinishReason.LENGTH);
        first = first.isEmpty() ? listener.ids() : first;
        assertThat(listener.ids()).isEqualTo(first);
      }
      assertThat(engine.systemKvs()).anyMatch(kv -> kv.residency() == Residency.ABSENT);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cuLaunchKernel", "cuMemcpyHtoDAsync_v2", "cuStreamSynchronize"})
  void aCallThatFailsEndsTheStepsRequestsAndTheEngineServesOn(String symbol)
      throws InterruptedException {
    try (Engine engine = open()) {
      List<Integer> expected = finished(generate(engine, "a", 0));
      standIn.fail(symbol, 1, UNKNOWN);
      RecordingListener failed = generate(engine, "a", 0);
      failed.await();
      assertThat(failed.error().code()).isEqualTo(ErrorCode.INTERNAL);
      assertThat(finished(generate(engine, "a", 0))).isEqualTo(expected);
      assertThat(engine.defect()).isEmpty();
    }
  }

  private static List<Integer> finished(RecordingListener listener) throws InterruptedException {
    listener.await();
    assertThat(listener.reason()).isEqualTo(FinishReason.LENGTH);
    return listener.ids();
  }

  @Test
  void aLostContextEndsAllStreamsAndAsksForARestart() throws InterruptedException {
    try (Engine engine = open()) {
      List<RecordingListener> listeners = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        RecordingListener listener = new RecordingListener();
        listeners.add(listener);
        generate(engine, listener, "t" + i, 32, 150);
      }
      standIn.fail("cuStreamSynchronize", 3, ILLEGAL_ADDRESS);
      for (RecordingListener listener : listeners) {
        listener.await();
        assertThat(listener.error()).hasMessageContaining("restart the engine");
      }
      assertThat(engine.defect()).contains("device is lost").contains("restart");
      assertThatThrownBy(() -> generate(engine, "a", 0))
          .isInstanceOf(EngineException.class)
          .hasMessageContaining("restart the engine");
    }
  }

  @Test
  void aModelLargerThanMemoryIsRefusedBeforeItsUploadWithTheSizes() {
    standIn.memoryBytes(1 << 20);
    assertThatThrownBy(() -> open())
        .isInstanceOfSatisfying(
            EngineException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.CONFIGURATION_INVALID))
        .hasMessageContaining("too little memory for this model")
        .hasMessageContaining("1 MiB are free");
    assertThat(standIn.calls("cuMemcpyHtoDAsync_v2")).isZero();
  }

  @Test
  void headsThatTheKernelsLackAreNamed() throws IOException {
    Path odd = folder.resolve("odd.gguf");
    RandomModelSpec.tiny()
        .type(TensorType.F32)
        .headDim(20)
        .headCount(2)
        .kvHeadCount(2)
        .writeTo(odd);
    EngineSettings settings = EngineSettings.defaults(odd).withDevice(DeviceChoice.CUDA);
    assertThatThrownBy(() -> LocalEngine.open(settings))
        .isInstanceOf(EngineException.class)
        .hasMessageContaining("heads of 8 to 128 elements in multiples of 8")
        .hasMessageContaining("baton.engine.device=cpu");
  }

  @Test
  void autoTakesTheCpuWhereTheGpuCanNotServeTheModel() throws InterruptedException {
    standIn.memoryBytes(1 << 20);
    try (Engine engine = LocalEngine.open(settings(DeviceChoice.AUTO, RelayMode.AUTO))) {
      finished(generate(engine, "a", 0));
      assertThat(standIn.calls("cuLaunchKernel")).isZero();
    }
  }

  @Test
  void autoTakesAGpuThatCan() throws InterruptedException {
    try (Engine engine = LocalEngine.open(settings(DeviceChoice.AUTO, RelayMode.AUTO))) {
      finished(generate(engine, "a", 0));
      assertThat(standIn.calls("cuGraphLaunch")).isPositive();
    }
  }
}
