package dev.baton.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.EngineException;
import dev.baton.engine.EngineStatistics;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.FinishReason;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.Residency;
import dev.baton.engine.SamplingParameters;
import dev.baton.engine.SystemKvKey;
import dev.baton.engine.SystemKvStatus;
import dev.baton.engine.SystemPrompt;
import dev.baton.engine.scheduler.RelayMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

final class MemoryPressureTest {

  @Test
  void eightTenantsChatOnACacheThatHoldsFiveOfTheirPrompts() {
    int promptTokens = 100; // 25 blocks
    try (TestEngine test = new TestEngine(5 * 25 + 24, TestEngine.batch(8, 40, RelayMode.AUTO))) {
      List<TestEngine.Call> calls = new ArrayList<>();
      for (int round = 0; round < 4; round++) {
        for (int tenant = 0; tenant < 8; tenant++) {
          String name = "tenant" + tenant;
          SystemPrompt prompt =
              TestEngine.prompt(name, (name + " says. ").repeat(20).substring(0, promptTokens));
          calls.add(test.call(name, prompt, "question " + round, 10 + tenant));
        }
      }
      test.runUntilIdle();
      for (TestEngine.Call call : calls) {
        assertThat(call.listener.reason()).isEqualTo(FinishReason.LENGTH);
        assertThat(call.listener.ids()).isEqualTo(call.expectedIds());
        assertThat(call.listener.cachedTokens()).isEqualTo(promptTokens);
      }
      EngineStatistics statistics = test.engine.statistics();
      assertThat(statistics.completedRequests()).isEqualTo(32);
      assertThat(statistics.failedRequests() + statistics.cancelledRequests()).isZero();
      List<SystemKvStatus> statuses = test.engine.systemKvs();
      long fills = statuses.stream().mapToLong(SystemKvStatus::fills).sum();
      long hits = statuses.stream().mapToLong(SystemKvStatus::hits).sum();
      long evictions = statuses.stream().mapToLong(SystemKvStatus::evictions).sum();
      long resident =
          statuses.stream().filter(status -> status.residency() == Residency.DEVICE).count();
      assertThat(fills).isGreaterThanOrEqualTo(8);
      assertThat(evictions).isEqualTo(fills - resident).isPositive();
      assertThat(hits + fills).as("each found it or had it filled").isGreaterThanOrEqualTo(32);
      test.assertNothingLost();
    }
  }

  @Test
  void aPreemptedSequenceContinuesWithTheSameIds() {
    List<List<Integer>> calm = run(200);
    List<List<Integer>> pressed = run(20);
    assertThat(pressed).isEqualTo(calm);
  }

  /** Four sequences that outgrow a small pool together. */
  private static List<List<Integer>> run(int blocks) {
    try (TestEngine test = new TestEngine(blocks)) {
      List<TestEngine.Call> calls = new ArrayList<>();
      SystemPrompt prompt = TestEngine.prompt("a", "a system prompt");
      calls.add(test.call("a", prompt, "one", 40));
      calls.add(test.call("a", prompt, "two", 40));
      calls.add(test.ungrouped("b", "three", 40));
      calls.add(test.ungrouped("b", "four", 40));
      test.runUntilIdle();
      test.assertNothingLost();
      long preemptions = test.engine.statistics().preemptions();
      if (blocks < 100) {
        assertThat(preemptions).isPositive();
      } else {
        assertThat(preemptions).isZero();
      }
      List<List<Integer>> ids = new ArrayList<>();
      for (TestEngine.Call call : calls) {
        assertThat(call.listener.ids()).isEqualTo(call.expectedIds());
        ids.add(call.listener.ids());
      }
      return ids;
    }
  }

  @Test
  void aPreemptedSequenceKeepsItsRandomSequenceToo() {
    assertThat(sampled(12)).isEqualTo(sampled(100));
  }

  private static List<List<Integer>> sampled(int blocks) {
    try (TestEngine test = new TestEngine(blocks)) {
      List<RecordingListener> listeners = new ArrayList<>();
      for (int seed = 0; seed < 3; seed++) {
        RecordingListener listener = new RecordingListener();
        listeners.add(listener);
        var unused =
            test.engine.generate(
                new GenerationRequest(
                    "r" + seed,
                    "a",
                    null,
                    new GenerationRequest.Tokens(ByteTokens.ids("say something")),
                    new SamplingParameters(0.9, 40, 0.95, 0, 1.1, 0.5, 0.5, Map.of(), seed),
                    30,
                    List.of(),
                    true,
                    0,
                    null),
                listener);
      }
      test.runUntilIdle();
      assertThat(test.engine.statistics().preemptions() > 0).isEqualTo(blocks < 100);
      return listeners.stream().map(RecordingListener::ids).toList();
    }
  }

  @Test
  void evictsTheLeastRecentlyUsedFirst() {
    try (TestEngine test = new TestEngine(36)) {
      for (String tenant : List.of("a", "b", "c", "a")) {
        test.call(tenant, TestEngine.prompt(tenant, tenant.repeat(40)), "q", 1);
        test.runUntilIdle();
      }
      test.call("d", TestEngine.prompt("d", "d".repeat(40)), "q", 1);
      test.runUntilIdle();
      assertThat(test.status("b").residency()).isEqualTo(Residency.ABSENT);
      assertThat(List.of("a", "c", "d"))
          .allMatch(tenant -> test.status(tenant).residency() == Residency.DEVICE);
    }
  }

  @Test
  void aRequestThatNeverFitsFailsWithBothNumbers() {
    try (TestEngine test = new TestEngine(10)) {
      TestEngine.Call huge = test.ungrouped("a", "x".repeat(41), 5);
      TestEngine.Call small = test.ungrouped("a", "fits", 5);
      test.runUntilIdle();
      assertThat(huge.listener.error().code()).isEqualTo(ErrorCode.MEMORY_FULL);
      assertThat(huge.listener.error())
          .hasMessageContaining("11 KV blocks")
          .hasMessageContaining("has 10");
      assertThat(small.listener.ids()).isEqualTo(small.expectedIds());
      test.assertNothingLost();
    }
  }

  @Test
  void aSequenceThatOutgrowsAllMemoryFailsAndGivesItBack() {
    try (TestEngine test = new TestEngine(10)) {
      TestEngine.Call call = test.ungrouped("a", "start", 100);
      test.runUntilIdle();
      assertThat(call.listener.error().code()).isEqualTo(ErrorCode.MEMORY_FULL);
      assertThat(call.listener.ids()).as("40 positions, the last token needs none").hasSize(36);
      test.assertNothingLost();
    }
  }

  @Test
  void aSystemKvTooLargeBesideItsRequestIsComputedWithoutSharing() {
    try (TestEngine test = new TestEngine(10)) {
      // 37 + 3 tokens: 10 + 1 blocks side by side, 10 in one piece.
      SystemPrompt prompt = TestEngine.prompt("a", "x".repeat(37));
      TestEngine.Call call = test.call("a", prompt, "own", 1);
      test.runUntilIdle();
      assertThat(call.listener.ids()).isEqualTo(call.expectedIds());
      assertThat(call.listener.cachedTokens()).isZero();
      assertThat(test.status("a").prefixMismatches()).containsEntry("memory", 1L);
      test.assertNothingLost();
    }
  }

  @Test
  void pinsStayWithinTheBudgetAndSurvivePressure() {
    try (TestEngine test = new TestEngine(40)) {
      SystemPrompt pinned = TestEngine.prompt("a", "x".repeat(60)); // 15 of 20 blocks
      SystemKvStatus status = test.answer(test.engine.pin(pinned));
      assertThat(status.residency()).isEqualTo(Residency.DEVICE);
      assertThat(status.pinned()).isTrue();
      EngineException refused =
          test.failure(test.engine.pin(TestEngine.prompt("b", "y".repeat(24))));
      assertThat(refused.code()).isEqualTo(ErrorCode.PIN_BUDGET_EXCEEDED);
      assertThat(refused).hasMessageContaining("6 KV blocks").hasMessageContaining("5 of the pin");
      for (String tenant : List.of("c", "d", "e", "f")) {
        TestEngine.Call call =
            test.call(tenant, TestEngine.prompt(tenant, tenant.repeat(70)), "q", 9);
        test.runUntilIdle();
        assertThat(call.listener.ids()).isEqualTo(call.expectedIds());
      }
      assertThat(test.status("a").residency()).isEqualTo(Residency.DEVICE);
      assertThat(test.status("a").evictions()).isZero();
      assertThat(test.engine.statistics().pinnedBlocks()).isEqualTo(15);
      assertThat(test.engine.statistics().pinBudgetBlocks()).isEqualTo(20);
      assertThat(test.answer(test.engine.unpin(TestEngine.key("a"))).pinned()).isFalse();
      TestEngine.Call large = test.ungrouped("g", "z".repeat(150), 2);
      test.runUntilIdle();
      assertThat(large.listener.ids()).isEqualTo(large.expectedIds());
      assertThat(test.status("a").residency()).isEqualTo(Residency.ABSENT);
      test.assertNothingLost();
    }
  }

  @Test
  void warmsBesideLiveTrafficAndAnswersWhenResident() {
    try (TestEngine test = new TestEngine(100)) {
      TestEngine.Call live = test.ungrouped("a", "live", 60);
      test.steps(3);
      CompletableFuture<SystemKvStatus> warm =
          test.engine.warm(TestEngine.prompt("b", "y".repeat(90)));
      test.steps(2);
      assertThat(test.status("b").residency()).isEqualTo(Residency.FILLING);
      assertThat(test.status("b").filledTokens()).isBetween(1, 89);
      assertThat(warm).isNotDone();
      SystemKvStatus status = test.answer(warm);
      assertThat(status.filledTokens()).isEqualTo(90);
      assertThat(status.bytes()).isEqualTo(23 * 4 * 100);
      assertThat(live.listener.ids()).isEqualTo(live.expectedIds());
      TestEngine.Call hit = test.call("b", TestEngine.prompt("b", "y".repeat(90)), "q", 2);
      test.runUntilIdle();
      assertThat(test.status("b").hits()).isEqualTo(1);
      assertThat(hit.listener.cachedTokens()).isEqualTo(90);
    }
  }

  @Test
  void evictsOnCommandUnlessInUse() {
    try (TestEngine test = new TestEngine(100)) {
      SystemPrompt prompt = TestEngine.prompt("a", "some system prompt");
      TestEngine.Call call = test.call("a", prompt, "q", 10);
      test.steps(4);
      CompletableFuture<SystemKvStatus> early = test.engine.evict(TestEngine.key("a"));
      test.steps(1);
      assertThat(test.failure(early).code()).isEqualTo(ErrorCode.SYSTEM_KV_IN_USE);
      assertThat(call.listener.ids()).isEqualTo(call.expectedIds());
      SystemKvStatus status = test.answer(test.engine.evict(TestEngine.key("a")));
      assertThat(status.residency()).isEqualTo(Residency.ABSENT);
      assertThat(status.bytes()).isZero();
      assertThat(test.answer(test.engine.evict(new SystemKvKey("x", "unknown"))).residency())
          .isEqualTo(Residency.ABSENT);
      assertThat(test.failure(test.engine.unpin(new SystemKvKey("x", "unknown"))).code())
          .isEqualTo(ErrorCode.SYSTEM_KV_UNKNOWN);
      assertThat(test.engine.statistics().freeBlocks()).isEqualTo(100);
    }
  }

  /** A tenant switches to its second version: what runs on the first keeps it, what follows not. */
  @Test
  void aFormerVersionStaysWhileItsStreamsRunAndGoesFirstAfterThem() {
    try (TestEngine test = new TestEngine(70)) {
      SystemPrompt former = TestEngine.prompt("a", "x".repeat(60)); // 15 blocks
      SystemPrompt next =
          new SystemPrompt(
              new SystemKvKey("a", "a-v2"),
              new SystemPrompt.Tokens(ByteTokens.ids("y".repeat(60))));
      TestEngine.Call running = test.call("a", former, "q", 80);
      while (running.listener.ids().size() < 3) {
        test.steps(1);
      }
      CompletableFuture<SystemKvStatus> warm = test.engine.warm(next);
      do { // the answer itself comes by another thread, any number of steps later
        test.steps(1);
      } while (test.status(next.key()).residency() != Residency.DEVICE);
      assertThat(warm.join().residency()).isEqualTo(Residency.DEVICE);
      TestEngine.Call switched = test.call("a", next, "q", 2);
      // Others want more than is free beside both: they have to wait, or take what nobody uses.
      TestEngine.Call pressing = test.ungrouped("b", "z".repeat(110), 2);
      while (!switched.listener.ended() || running.listener.ids().size() < 40) {
        test.steps(1);
        assertThat(test.status("a").residency()).isEqualTo(Residency.DEVICE);
      }
      assertThat(running.listener.ended()).isFalse();
      assertThat(test.status("a").evictions()).isZero();
      assertThat(switched.listener.ids()).isEqualTo(switched.expectedIds());
      test.runUntilIdle();
      assertThat(running.listener.ids()).isEqualTo(running.expectedIds());
      assertThat(running.listener.cachedTokens()).isEqualTo(60);
      assertThat(pressing.listener.ids()).isEqualTo(pressing.expectedIds());

      // Nobody uses either now: the one that was used last stays longer.
      TestEngine.Call later = test.call("a", next, "q", 1);
      test.runUntilIdle();
      TestEngine.Call large = test.ungrouped("b", "z".repeat(180), 2);
      test.runUntilIdle();
      assertThat(large.listener.ids()).isEqualTo(large.expectedIds());
      assertThat(later.listener.cachedTokens()).isEqualTo(60);
      assertThat(test.status("a").residency()).isEqualTo(Residency.ABSENT);
      assertThat(test.engine.systemKvs())
          .filteredOn(status -> status.key().equals(next.key()))
          .allMatch(status -> status.residency() == Residency.DEVICE);
      test.assertNothingLost();
    }
  }

  @Test
  void aFillEvictedMidwayGivesItsBlocksBackAndTellsWhoWarmed() {
    try (TestEngine test = new TestEngine(100)) {
      CompletableFuture<SystemKvStatus> warm =
          test.engine.warm(TestEngine.prompt("a", "x".repeat(90)));
      test.steps(2);
      assertThat(test.engine.statistics().systemBlocks()).isEqualTo(23);
      CompletableFuture<SystemKvStatus> evict = test.engine.evict(TestEngine.key("a"));
      assertThat(test.answer(evict).residency()).isEqualTo(Residency.ABSENT);
      assertThat(test.failure(warm)).hasMessageContaining("evicted before it was filled");
      assertThat(test.engine.statistics().freeBlocks()).isEqualTo(100);
      test.assertNothingLost();
    }
  }

  @Test
  void refusesToWarmWhatNeverFits() {
    try (TestEngine test = new TestEngine(10)) {
      EngineException error =
          test.failure(test.engine.warm(TestEngine.prompt("a", "x".repeat(50))));
      assertThat(error.code()).isEqualTo(ErrorCode.MEMORY_FULL);
      assertThat(error).hasMessageContaining("13 KV blocks").hasMessageContaining("10 of 10");
    }
  }

  @Test
  void forgetsAbsentSystemKvsBeyondItsLimit() {
    EngineSettings settings =
        TestEngine.settings().withMemory(new EngineSettings.Memory(null, 4, 0.5, 5));
    try (TestEngine test = new TestEngine(20, settings)) {
      for (int i = 0; i < 30; i++) {
        test.call("t" + i, TestEngine.prompt("t" + i, "x".repeat(30)), "q", 1);
        test.runUntilIdle();
      }
      assertThat(test.engine.systemKvs()).hasSizeLessThanOrEqualTo(5);
      assertThat(test.engine.systemKvs().getFirst().key()).isEqualTo(TestEngine.key("t29"));
    }
  }
}
