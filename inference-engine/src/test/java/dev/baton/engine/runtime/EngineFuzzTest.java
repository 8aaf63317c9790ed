package dev.baton.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.EngineException;
import dev.baton.engine.EngineStatistics;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.FinishReason;
import dev.baton.engine.SystemKvStatus;
import dev.baton.engine.SystemPrompt;
import dev.baton.engine.scheduler.RelayMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random tenants do random things at random moments on a pool that is far too small. After every
 * step no block is lost; at the end every request has its one last event, and what was generated is
 * what the tokens alone decide.
 */
final class EngineFuzzTest {
  private static final int TENANTS = 5;
  private static final int ACTIONS = 1500;

  private final List<TestEngine.Call> calls = new ArrayList<>();
  private final List<CompletableFuture<SystemKvStatus>> answers = new ArrayList<>();

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void whateverHappensNothingIsLostMixedUpOrForgotten(long seed) {
    Random random = new Random(seed);
    RelayMode relay = RelayMode.values()[random.nextInt(3)];
    int blocks = 16 + random.nextInt(30);
    int sequences = 1 + random.nextInt(6);
    EngineSettings settings =
        TestEngine.batch(sequences, sequences + 1 + random.nextInt(30), relay)
            .withQueue(new EngineSettings.Queue(12, 0.6, 6));
    try (TestEngine test = new TestEngine(blocks, settings)) {
      int failures = 0;
      for (int i = 0; i < ACTIONS; i++) {
        failures += act(test, random);
        EngineStatistics statistics = test.engine.statistics();
        assertThat(statistics.freeBlocks() + statistics.systemBlocks() + statistics.requestBlocks())
            .isEqualTo(blocks);
        assertThat(statistics.pinnedBlocks()).isLessThanOrEqualTo(statistics.pinBudgetBlocks());
        assertThat(statistics.runningSequences()).isLessThanOrEqualTo(sequences);
      }
      test.runUntilIdle();
      check(test, failures > 0);
    }
  }

  /** Returns how many device failures it caused. */
  private int act(TestEngine test, Random random) {
    String tenant = "t" + random.nextInt(TENANTS);
    SystemPrompt prompt = TestEngine.prompt(tenant, tenant.repeat(4 + tenant.charAt(1) % 16));
    int choice = random.nextInt(100);
    if (choice < 25) {
      try {
        SystemPrompt system = random.nextInt(4) == 0 ? null : prompt;
        String input = "input".repeat(1 + random.nextInt(4)) + random.nextInt(100);
        calls.add(test.call(tenant, system, input, 1 + random.nextInt(25)));
      } catch (EngineException e) {
        assertThat(e.code()).isEqualTo(ErrorCode.QUEUE_FULL);
      }
    } else if (choice < 31 && !calls.isEmpty()) {
      calls.get(calls.size() - 1 - random.nextInt(Math.min(8, calls.size()))).generation.cancel();
    } else if (choice < 34) {
      answers.add(
          switch (random.nextInt(5)) {
            case 0, 1 -> test.engine.warm(prompt);
            case 2 -> test.engine.pin(prompt);
            case 3 -> test.engine.unpin(prompt.key());
            default -> test.engine.evict(prompt.key());
          });
    } else if (choice == 34 && random.nextInt(6) == 0) {
      test.backend.failNextStep(new IllegalStateException("seeded"));
      return 1;
    } else {
      test.steps(1);
    }
    return 0;
  }

  private void check(TestEngine test, boolean deviceFailed) {
    int cancelled = 0;
    int failed = 0;
    for (TestEngine.Call call : calls) {
      assertThat(call.listener.ended()).isTrue();
      List<Integer> ids = call.listener.ids();
      List<Integer> expected = call.expectedIds();
      if (call.listener.failed()) {
        failed++;
        assertThat(call.listener.error().code())
            .isIn(ErrorCode.MEMORY_FULL, deviceFailed ? ErrorCode.INTERNAL : ErrorCode.MEMORY_FULL);
        assertThat(expected.subList(0, ids.size())).isEqualTo(ids);
      } else if (call.listener.reason() == FinishReason.CANCELLED) {
        cancelled++;
        assertThat(expected.subList(0, ids.size())).isEqualTo(ids);
      } else {
        assertThat(ids).isEqualTo(expected);
      }
      assertThat(call.listener.usage().completionTokens()).isEqualTo(ids.size());
    }
    EngineStatistics statistics = test.engine.statistics();
    assertThat(calls.size()).isGreaterThan(50);
    assertThat(statistics.cancelledRequests()).isEqualTo(cancelled);
    assertThat(statistics.failedRequests()).isEqualTo(failed);
    assertThat(statistics.completedRequests()).isEqualTo(calls.size() - cancelled - failed);
    for (CompletableFuture<SystemKvStatus> answer : answers) {
      // Answered elsewhere; join() waits for it and fails the test when nobody ever answers.
      var unused = answer.handle((status, error) -> "answered").join();
    }
    test.assertNothingLost();
  }
}
