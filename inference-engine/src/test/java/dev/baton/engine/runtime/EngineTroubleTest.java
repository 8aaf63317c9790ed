package dev.baton.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.engine.EngineException;
import dev.baton.engine.EngineStatistics;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.FinishReason;
import dev.baton.engine.GenerationEvent;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.Residency;
import dev.baton.engine.SystemKvStatus;
import dev.baton.engine.scheduler.RelayMode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Failures, refusals, cancellation and the end. */
final class EngineTroubleTest {

  @Test
  void aFailedStepEndsItsSequencesAndTheEngineServesOn() {
    try (TestEngine test = new TestEngine(100)) {
      TestEngine.Call doomed = test.call("a", TestEngine.prompt("a", "prompt of a"), "one", 20);
      TestEngine.Call also = test.ungrouped("b", "two", 20);
      test.steps(3);
      test.backend.failNextStep(new IllegalStateException("device lost for a moment"));
      test.steps(1);
      for (TestEngine.Call call : List.of(doomed, also)) {
        assertThat(call.listener.error().code()).isEqualTo(ErrorCode.INTERNAL);
        assertThat(call.listener.error()).hasMessageNotContaining("moment");
      }
      EngineStatistics statistics = test.engine.statistics();
      assertThat(statistics.failedRequests()).isEqualTo(2);
      assertThat(statistics.requestBlocks()).isZero();
      TestEngine.Call next = test.call("a", TestEngine.prompt("a", "prompt of a"), "one", 20);
      test.runUntilIdle();
      assertThat(next.listener.ids()).isEqualTo(next.expectedIds());
      assertThat(test.status("a").hits()).as("its system KV was not written").isEqualTo(1);
      test.assertNothingLost();
    }
  }

  @Test
  void aFailedFillGivesItsBlocksBackAndFailsWhoWaited() {
    try (TestEngine test = new TestEngine(100)) {
      CompletableFuture<SystemKvStatus> pin =
          test.engine.pin(TestEngine.prompt("a", "x".repeat(90)));
      TestEngine.Call waiting = test.call("a", TestEngine.prompt("a", "x".repeat(90)), "q", 2);
      test.steps(2);
      assertThat(waiting.listener.started()).isFalse();
      test.backend.failNextStep(new IllegalStateException("no"));
      assertThat(test.failure(pin).code()).isEqualTo(ErrorCode.INTERNAL);
      assertThat(waiting.listener.error().code()).isEqualTo(ErrorCode.INTERNAL);
      assertThat(test.status("a").residency()).isEqualTo(Residency.ABSENT);
      assertThat(test.status("a").pinned()).isFalse();
      assertThat(test.engine.statistics().freeBlocks()).isEqualTo(100);
      test.assertNothingLost();
    }
  }

  @Test
  void aDeviceThatCanNotClearBlocksFailsOnlyWhoNeededThem() {
    try (TestEngine test = new TestEngine(10)) {
      test.ungrouped("a", "x".repeat(30), 2);
      test.runUntilIdle();
      test.backend.failNextClear(new IllegalStateException("no"));
      TestEngine.Call unlucky = test.ungrouped("b", "y".repeat(30), 2);
      test.runUntilIdle();
      assertThat(unlucky.listener.error().code()).isEqualTo(ErrorCode.INTERNAL);
      TestEngine.Call next = test.ungrouped("b", "y".repeat(30), 2);
      test.runUntilIdle();
      assertThat(next.listener.ids()).isEqualTo(next.expectedIds());
      test.assertNothingLost();
    }
  }

  @Test
  void aListenerThatThrowsLosesItsOwnRequestOnly() {
    try (TestEngine test = new TestEngine(100)) {
      TestEngine.Call innocent = test.ungrouped("a", "innocent", 20);
      List<GenerationEvent> events = new ArrayList<>();
      GenerationRequest request =
          test.request("b", null, new GenerationRequest.Tokens(ByteTokens.ids("guilty")), 20);
      test.engine.generate(
          request,
          event -> {
            events.add(event);
            if (events.size() >= 3) {
              throw new IllegalStateException("listener");
            }
          });
      test.runUntilIdle();
      assertThat(events).hasSize(4);
      assertThat(events.getLast())
          .isInstanceOfSatisfying(
              GenerationEvent.Finished.class,
              finished -> assertThat(finished.reason()).isEqualTo(FinishReason.CANCELLED));
      assertThat(innocent.listener.ids()).isEqualTo(innocent.expectedIds());
      assertThat(test.engine.statistics().cancelledRequests()).isEqualTo(1);
      test.assertNothingLost();
    }
  }

  @Test
  void cancelsWhileQueuedFillingPrefillingAndDecoding() {
    try (TestEngine test = new TestEngine(100)) {
      TestEngine.Call queued = test.ungrouped("a", "queued", 5);
      queued.generation.cancel();
      test.steps(1);
      assertThat(queued.listener.reason()).isEqualTo(FinishReason.CANCELLED);
      assertThat(queued.listener.started()).isFalse();

      TestEngine.Call filling = test.call("a", TestEngine.prompt("a", "x".repeat(90)), "q", 5);
      test.steps(2);
      filling.generation.cancel();
      test.steps(1);
      assertThat(filling.listener.reason()).isEqualTo(FinishReason.CANCELLED);
      assertThat(test.engine.statistics().requestBlocks()).isZero();
      test.runUntilIdle();

      TestEngine.Call prefilling = test.ungrouped("a", "y".repeat(90), 5);
      test.steps(2);
      assertThat(prefilling.listener.started()).isTrue();
      prefilling.generation.cancel();
      test.steps(1);
      assertThat(prefilling.listener.reason()).isEqualTo(FinishReason.CANCELLED);
      assertThat(prefilling.listener.ids()).isEmpty();

      TestEngine.Call decoding = test.ungrouped("a", "z", 50);
      test.steps(5);
      int received = decoding.listener.ids().size();
      assertThat(received).isPositive();
      decoding.generation.cancel();
      decoding.generation.cancel();
      test.steps(1);
      assertThat(decoding.listener.reason()).isEqualTo(FinishReason.CANCELLED);
      assertThat(decoding.listener.ids()).hasSize(received);
      assertThat(decoding.listener.usage().completionTokens()).isEqualTo(received);
      decoding.generation.cancel();
      test.runUntilIdle();
      test.assertNothingLost();
      assertThat(test.engine.statistics().cancelledRequests()).isEqualTo(4);
    }
  }

  @Test
  void refusesBeyondTheQueueWithAnHonestRetryAfter() {
    EngineSettings settings =
        TestEngine.batch(1, 8, RelayMode.AUTO).withQueue(new EngineSettings.Queue(6, 0.5, 4));
    try (TestEngine test = new TestEngine(100, settings)) {
      for (int i = 0; i < 3; i++) {
        test.ungrouped("flood", "q" + i, 3);
      }
      assertThatThrownBy(() -> test.ungrouped("flood", "one too many", 3))
          .isInstanceOfSatisfying(
              EngineException.class,
              e -> {
                assertThat(e.code()).isEqualTo(ErrorCode.QUEUE_FULL);
                assertThat(e.retryAfter()).as("nothing was served yet").isNull();
              });
      for (int i = 0; i < 3; i++) {
        test.ungrouped("other" + i, "q" + i, 3);
      }
      assertThatThrownBy(() -> test.ungrouped("late", "no room at all", 3))
          .hasMessageContaining("queue is full (6 requests wait)");
      // Each request takes three steps of one second.
      for (int i = 0; i < 9; i++) {
        test.steps(1);
        test.clock.advance(Duration.ofSeconds(1));
      }
      for (int i = 0; i < 3; i++) {
        test.ungrouped("more" + i, "q" + i, 3);
      }
      assertThatThrownBy(() -> test.ungrouped("late", "no room at all", 3))
          .isInstanceOfSatisfying(
              EngineException.class,
              e ->
                  assertThat(e.retryAfter())
                      .isBetween(Duration.ofMillis(2500), Duration.ofMillis(3500)));
      test.runUntilIdle();
      test.assertNothingLost();
      assertThat(test.engine.statistics().completedRequests()).isEqualTo(9);
    }
  }

  @Test
  void drainingFinishesWhatRunsAndRefusesTheRest() {
    try (TestEngine test = new TestEngine(100)) {
      TestEngine.Call running = test.ungrouped("a", "running", 10);
      TestEngine.Call endless = test.ungrouped("a", "endless", 400);
      test.steps(2);
      test.engine.drain(Duration.ofSeconds(5));
      assertThatThrownBy(() -> test.ungrouped("a", "late", 1))
          .isInstanceOfSatisfying(
              EngineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DRAINING));
      test.steps(20);
      assertThat(running.listener.ids()).isEqualTo(running.expectedIds());
      assertThat(endless.listener.ended()).isFalse();
      test.clock.advance(Duration.ofSeconds(5));
      test.steps(1);
      assertThat(endless.listener.error().code()).isEqualTo(ErrorCode.DRAINING);
      test.assertNothingLost();
    }
  }

  @Test
  void closingGivesEveryRequestItsLastEvent() {
    TestEngine test = new TestEngine(100);
    TestEngine.Call running = test.ungrouped("a", "running", 100);
    test.steps(3);
    TestEngine.Call filling = test.call("b", TestEngine.prompt("b", "x".repeat(90)), "q", 5);
    CompletableFuture<SystemKvStatus> warm =
        test.engine.warm(TestEngine.prompt("c", "y".repeat(90)));
    test.steps(1);
    TestEngine.Call unseen = test.ungrouped("a", "unseen", 100);
    test.close();
    for (TestEngine.Call call : List.of(running, filling, unseen)) {
      assertThat(call.listener.error().code()).isEqualTo(ErrorCode.DRAINING);
    }
    assertThat(test.failure(warm).code()).isEqualTo(ErrorCode.DRAINING);
    assertThat(test.engine.statistics().requestBlocks()).isZero();
    assertThatThrownBy(() -> test.ungrouped("a", "late", 1)).hasMessageContaining("closed");
    unseen.generation.cancel();
    test.engine.close();
  }
}
