package dev.baton.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.engine.Residency;
import dev.baton.engine.SystemPrompt;
import dev.baton.engine.backend.Step;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class TenantIsolationTest {

  @Test
  void ownPromptHitsWhereAnothersMisses() {
    try (TestEngine test = new TestEngine(100)) {
      String text = "both tenants say the very same words";
      test.call("a", TestEngine.prompt("a", text), "q", 3);
      test.runUntilIdle();
      test.call("a", TestEngine.prompt("a", text), "q", 3);
      TestEngine.Call other = test.call("b", TestEngine.prompt("b", text), "q", 3);
      test.runUntilIdle();
      assertThat(test.status("a").hits()).isEqualTo(1);
      assertThat(test.status("a").fills()).isEqualTo(1);
      assertThat(test.status("b").hits()).isZero();
      assertThat(test.status("b").fills()).as("computed anew for b").isEqualTo(1);
      assertThat(other.listener.ids()).isEqualTo(other.expectedIds());
    }
  }

  @Test
  void identicalPromptsOfTwoTenantsShareNoBlockAndNoGroup() {
    try (TestEngine test = new TestEngine(100)) {
      String text = "both tenants say the very same words";
      List<TestEngine.Call> calls = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        calls.add(test.call("a", TestEngine.prompt("a", text), "same question", 6));
        calls.add(test.call("b", TestEngine.prompt("b", text), "same question", 6));
      }
      test.runUntilIdle();
      assertThat(calls).allMatch(call -> call.listener.ids().equals(call.expectedIds()));
      assertThat(test.engine.statistics().systemBlocks()).isEqualTo(2 * 9);
      Set<Set<Integer>> systems = new HashSet<>();
      for (Step step : test.backend.steps) {
        for (Step.Group group : step.groups()) {
          if (group.system() != null) {
            Set<Integer> blocks = new HashSet<>();
            for (int block : group.system().blocks()) {
              blocks.add(block);
            }
            systems.add(blocks);
          }
        }
      }
      assertThat(systems).hasSize(2);
      List<Set<Integer>> pair = List.copyOf(systems);
      assertThat(pair.get(0)).doesNotContainAnyElementsOf(pair.get(1));
    }
  }

  @Test
  void evictedBlocksAreClearedBeforeAnotherTenantOwnsThem() {
    try (TestEngine test = new TestEngine(12)) {
      String secret = "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz";
      test.call("a", TestEngine.prompt("a", secret), "zzz", 2);
      test.runUntilIdle();
      int z = ByteTokens.ids("z")[0];
      assertThat(blocksWith(test, z)).isEqualTo(9);
      TestEngine.Call other =
          test.call("b", TestEngine.prompt("b", "another prompt that needs the room"), "q", 4);
      test.runUntilIdle();
      assertThat(other.listener.ids()).isEqualTo(other.expectedIds());
      assertThat(test.status("a").residency()).isEqualTo(Residency.ABSENT);
      assertThat(test.status("a").evictions()).isEqualTo(1);
      assertThat(blocksWith(test, z)).as("only in blocks that nobody owns").isLessThan(3);
      assertThat(test.backend.clearedBlocks).isGreaterThanOrEqualTo(7);
      TestEngine.Call again = test.call("a", TestEngine.prompt("a", secret), "zzz", 2);
      test.runUntilIdle();
      assertThat(again.listener.ids()).isEqualTo(again.expectedIds());
      assertThat(test.status("a").fills()).isEqualTo(2);
      test.assertNothingLost();
    }
  }

  private static int blocksWith(TestEngine test, int token) {
    int count = 0;
    for (int block = 0; block < test.backend.kvLayout().blockCount(); block++) {
      if (test.backend.tokensIn(block).contains(token)) {
        count++;
      }
    }
    return count;
  }

  @Test
  void blocksThatReturnToTheirOwnTenantNeedNoClearing() {
    try (TestEngine test = new TestEngine(12)) {
      for (int i = 0; i < 20; i++) {
        TestEngine.Call call = test.ungrouped("a", "question " + i, 5);
        test.runUntilIdle();
        assertThat(call.listener.ids()).isEqualTo(call.expectedIds());
      }
      assertThat(test.backend.clearedBlocks).isZero();
    }
  }

  @Test
  void versionsOfOneTenantAreEntriesOfTheirOwn() {
    try (TestEngine test = new TestEngine(100)) {
      TestEngine.Call first = test.chat("a", "v1", "You are a bot.", "hi", 4);
      TestEngine.Call second = test.chat("a", "v2", "You are a pirate.", "hi", 4);
      test.runUntilIdle();
      assertThat(test.engine.systemKvs())
          .extracting(status -> status.key().versionId())
          .containsExactlyInAnyOrder("v1", "v2");
      assertThat(first.listener.ids()).isEqualTo(first.expectedIds());
      assertThat(second.listener.ids()).isEqualTo(second.expectedIds());
    }
  }

  @Test
  void aPromptIsUsedByItsOwnTenantOnly() {
    try (TestEngine test = new TestEngine(100)) {
      SystemPrompt foreign = TestEngine.prompt("a", "belongs to a");
      assertThatThrownBy(() -> test.call("b", foreign, "q", 1))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
