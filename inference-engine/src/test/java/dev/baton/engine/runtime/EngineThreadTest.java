package dev.baton.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.EngineStatistics;
import dev.baton.engine.FinishReason;
import dev.baton.engine.Residency;
import dev.baton.engine.SystemPrompt;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;

/** The engine with its own thread, used from several others. */
final class EngineThreadTest {

  @Test
  void servesManyCallersAtOnce() throws InterruptedException {
    try (TestEngine test = new TestEngine(60)) {
      var unused = test.engine.start();
      ConcurrentLinkedQueue<TestEngine.Call> calls = new ConcurrentLinkedQueue<>();
      List<Thread> callers = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        String tenant = "t" + i % 4;
        SystemPrompt prompt = TestEngine.prompt(tenant, tenant.repeat(12));
        callers.add(
            Thread.ofVirtual()
                .start(() -> {
                  for (int k = 0; k < 5; k++) {
                    calls.add(test.call(tenant, prompt, "question " + k, 12));
                  }
                }));
      }
      for (Thread caller : callers) {
        caller.join();
      }
      assertThat(calls).hasSize(40);
      for (TestEngine.Call call : calls) {
        call.listener.await();
        assertThat(call.listener.ids()).isEqualTo(call.expectedIds());
      }
      EngineStatistics statistics = test.engine.statistics();
      assertThat(statistics.completedRequests()).isEqualTo(40);
      assertThat(statistics.requestBlocks()).isZero();
    }
  }

  @Test
  void answersAdminCommandsAndCancelsWhileItRuns() throws InterruptedException {
    try (TestEngine test = new TestEngine(200)) {
      var unused = test.engine.start();
      TestEngine.Call call = test.ungrouped("a", "endless", 500);
      SystemPrompt prompt = TestEngine.prompt("a", "x".repeat(50));
      assertThat(test.engine.warm(prompt).join().residency()).isEqualTo(Residency.DEVICE);
      call.generation.cancel();
      call.listener.await();
      assertThat(call.listener.reason())
          .isIn(FinishReason.CANCELLED, FinishReason.LENGTH); // it may have been faster
      assertThat(test.engine.evict(prompt.key()).join().residency()).isEqualTo(Residency.ABSENT);
      assertThat(test.engine.statistics().freeBlocks()).isEqualTo(200);
    }
  }

  @Test
  void drainingBlocksUntilNothingRuns() {
    try (TestEngine test = new TestEngine(200)) {
      var unused = test.engine.start();
      TestEngine.Call call = test.ungrouped("a", "finish me", 100);
      test.engine.drain(Duration.ofMinutes(1));
      assertThat(call.listener.ids()).isEqualTo(call.expectedIds());
    }
  }

  @Test
  void aDefectEndsEveryRequestInsteadOfHangingIt() throws InterruptedException {
    TestEngine test = new TestEngine(200);
    TestEngine.Call call = test.ungrouped("a", "never answered", 5);
    test.clock.breakDown(new IllegalStateException("a defect"));
    var unused = test.engine.start();
    call.listener.await();
    assertThat(call.listener.error()).hasMessageContaining("stopped after a defect");
    test.close();
  }
}
