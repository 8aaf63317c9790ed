package dev.baton.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.cuda.StandIn;
import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.FinishReason;
import dev.baton.engine.GenerationRequest;
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
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every call of the driver fails once: each allocation, copy, launch, wait and product of cuBLASLt
 * in a start, a fill of a system prompt, a prefill, and decode steps that relay, are recorded and
 * are replayed.
 */
final class CudaFaultsTest {
  private static final int ILLEGAL_ADDRESS = 700;
  private static final int UNKNOWN = 999;
  private static final int SYSTEM_TOKENS = 70; // more than a recorded step holds
  private static final String CUBLAS_FAILURE = "CUBLAS_STATUS_EXECUTION_FAILED (13)";
  private static final String[] FAILURES = {"CUDA_ERROR_UNKNOWN (999)", CUBLAS_FAILURE};
  private static final Logger LOG = Logger.getLogger("dev.baton.engine");

  @TempDir static Path folder;
  private static Path model;
  private static int[] prompt;

  private StandIn standIn;

  @BeforeAll
  static void makeModel() throws IOException {
    LOG.setLevel(Level.OFF); // hundreds of failures would each be a stack trace
    model = folder.resolve("tiny.gguf");
    RandomModelSpec.tiny()
        .type(TensorType.BF16) // whose products of many rows are cuBLASLt's
        .outputType(TensorType.Q8_0) // which is repacked on the GPU
        .layerCount(1)
        .modelDim(32)
        .headCount(2)
        .kvHeadCount(1)
        .ffnDim(32)
        .vocabSize(300)
        .writeTo(model);
    prompt = new Random(11).ints(SYSTEM_TOKENS + 5, 3, 250).toArray();
  }

  @AfterAll
  static void logAgain() {
    LOG.setLevel(null);
  }

  @BeforeEach
  void loadStandIn() {
    standIn = StandIn.require();
    StandIn.nameInProperties();
  }

  @AfterEach
  void forget() {
    StandIn.clearProperties();
    standIn.reset();
  }

  private static LocalEngine open() {
    return EngineOpening.open(
        EngineSettings.defaults(model)
            .withBatch(new SchedulerSettings(8, 96, RelayMode.ON, 1, 2, 256))
            .withMemory(EngineSettings.Memory.DEFAULTS.withKvBytes(256L << 10))
            .withDevice(DeviceChoice.CUDA));
  }

  private static RecordingListener generate(
      LocalEngine engine, String tenant, int from, int topLogprobs) {
    SystemPrompt system =
        from == 0
            ? null
            : new SystemPrompt(
                new SystemKvKey(tenant, "v"), new SystemPrompt.Tokens(Arrays.copyOf(prompt, from)));
    RecordingListener listener = new RecordingListener();
    engine.generate(
        new GenerationRequest(
            "r",
            tenant,
            system,
            new GenerationRequest.Tokens(Arrays.copyOfRange(prompt, from, from + 5)),
            SamplingParameters.GREEDY,
            3,
            List.of(),
            true,
            topLogprobs,
            null),
        listener);
    return listener;
  }

  /** Two requests over one system prompt, one of them with alternatives, and one without. */
  private static List<RecordingListener> submit(LocalEngine engine) {
    return List.of(
        generate(engine, "t", SYSTEM_TOKENS, 0),
        generate(engine, "t", SYSTEM_TOKENS, 2),
        generate(engine, "t", 0, 0));
  }

  /** Ends a request's stream; returns what the driver said when it failed. */
  private static String ended(RecordingListener listener) throws InterruptedException {
    listener.await();
    if (!listener.failed()) {
      return "";
    }
    assertThat(listener.error().code()).isEqualTo(ErrorCode.INTERNAL);
    Throwable last = listener.error();
    while (last.getCause() != null) {
      last = last.getCause();
    }
    return String.valueOf(last.getMessage());
  }

  private static List<Integer> finished(RecordingListener listener) throws InterruptedException {
    listener.await();
    assertThat(listener.reason()).isEqualTo(FinishReason.LENGTH);
    return listener.ids();
  }

  @Test
  void whicheverCallFailsIsOneErrorAndTheEngineServesOnOrDidNotStart() throws InterruptedException {
    List<Integer> expected;
    try (LocalEngine engine = open().start()) {
      expected = finished(generate(engine, "t", SYSTEM_TOKENS, 0));
    }
    int starts = 0;
    int steps = 0;
    for (int call = 1; ; call++) {
      standIn.fail(StandIn.ANY, call, UNKNOWN);
      LocalEngine engine;
      try {
        engine = open();
      } catch (EngineException e) {
        starts++;
        assertThat(e.code()).as("call %d", call).isEqualTo(ErrorCode.CONFIGURATION_INVALID);
        assertThat(e.getMessage()).containsAnyOf(FAILURES);
        assertThat(standIn.leaks()).as("call %d: %s", call, e.getMessage()).isEmpty();
        continue;
      }
      Set<String> said = new TreeSet<>();
      boolean hit;
      try (engine) {
        List<RecordingListener> listeners = submit(engine);
        engine.start();
        for (RecordingListener listener : listeners) {
          said.add(ended(listener));
        }
        // Of another tenant: takes blocks that are cleared first.
        said.add(ended(generate(engine, "u", 0, 0)));
        hit = standIn.calls(StandIn.ANY) >= call;
        standIn.reset();
        said.remove("");
        assertThat(said).as("call %d", call).hasSizeLessThanOrEqualTo(1);
        assertThat(said).allSatisfy(words -> assertThat(words).containsAnyOf(FAILURES));
        assertThat(engine.defect()).as("call %d: %s", call, said).isEmpty();
        assertThat(finished(generate(engine, "t", SYSTEM_TOKENS, 0)))
            .as("call %d: %s", call, said)
            .isEqualTo(expected);
        assertThat(engine.statistics().requestBlocks()).isZero();
      }
      assertThat(standIn.leaks()).as("call %d: %s", call, said).isEmpty();
      if (!hit) {
        break; // the requests were through before so many calls
      }
      assertThat(said).as("call %d", call).hasSize(1);
      steps++;
    }
    // None of the driver's calls is left out: weights' formats alone are some dozen functions.
    assertThat(starts).isGreaterThan(100);
    assertThat(steps).isGreaterThan(80);
  }

  @Test
  void whicheverCallLosesTheContextAllStreamsEndAndNothingIsLeft() throws InterruptedException {
    for (int call = 1; ; call++) {
      standIn.fail(StandIn.ANY, call, ILLEGAL_ADDRESS);
      LocalEngine engine;
      try {
        engine = open();
      } catch (EngineException e) {
        assertThat(e.getMessage()).containsAnyOf("restart this process", CUBLAS_FAILURE);
        assertThat(standIn.leaks()).as("call %d: %s", call, e.getMessage()).isEmpty();
        continue;
      }
      boolean hit;
      try (engine) {
        List<RecordingListener> listeners = new ArrayList<>(submit(engine));
        engine.start();
        for (RecordingListener listener : listeners) {
          ended(listener);
        }
        try {
          listeners.add(generate(engine, "u", 0, 0));
        } catch (EngineException refused) {
          assertThat(refused).hasMessageContaining("restart the engine");
        }
        String said = "";
        for (RecordingListener listener : listeners) {
          said += ended(listener);
        }
        hit = standIn.calls(StandIn.ANY) >= call;
        if (hit) { // and the driver fails whatever is called from then on
          assertThat(said).as("call %d", call).contains("restart this process");
          assertThat(engine.defect()).as("call %d", call).contains("restart the engine");
        } else {
          standIn.reset(); // what ends the engine is not to fail
        }
      }
      assertThat(standIn.leaks()).as("call %d", call).isEmpty();
      if (!hit) {
        break;
      }
    }
  }
}
