package dev.baton.engine.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.SystemKvKey;
import dev.baton.engine.backend.KvLayout;
import dev.baton.engine.kvcache.BlockPool;
import dev.baton.engine.kvcache.SystemKvCache;
import dev.baton.engine.kvcache.SystemTokens;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class FairnessTest {
  private final BlockPool pool = new BlockPool(new KvLayout(1000, 4, 10), blocks -> {});
  private final SystemKvCache systemKvs = new SystemKvCache(pool, 500, 100, InstantSource.system());
  private final Map<String, Integer> served = new HashMap<>();
  private final List<Sequence> ended = new ArrayList<>();
  private long numbers;

  private Scheduler scheduler(int maxSequences, int affinity) {
    return new Scheduler(
        new SchedulerSettings(maxSequences, 10 * maxSequences + 20, RelayMode.AUTO, 1, 2, affinity),
        pool,
        systemKvs,
        (sequences, rows, tokens) -> true);
  }

  private Sequence submit(Scheduler scheduler, String tenant, int promptTokens, int systemTokens) {
    int[] prompt = new int[promptTokens + systemTokens];
    SystemTokens system = systemTokens == 0 ? null : system(tenant, systemTokens);
    Sequence sequence = new Sequence(++numbers, tenant, prompt, system);
    scheduler.submit(sequence);
    return sequence;
  }

  private static @Nullable SystemTokens system(String tenant, int tokens) {
    return new SystemTokens(new SystemKvKey(tenant, "v"), new int[tokens], 0, null);
  }

  /** A step in which a sequence ends after so many generated tokens. */
  private void step(Scheduler scheduler, int outputTokens) {
    StepPlan plan = scheduler.schedule();
    if (plan == null) {
      return;
    }
    scheduler.completed(plan);
    for (StepPlan.Part part : plan.parts()) {
      if (part instanceof StepPlan.RequestPart request && request.sampled()) {
        Sequence sequence = request.sequence();
        served.merge(sequence.tenantId(), 1, Integer::sum);
        if (sequence.length() - sequence.promptTokens() == outputTokens - 1) {
          scheduler.remove(sequence);
          ended.add(sequence);
        } else {
          scheduler.append(sequence, 0);
        }
      }
    }
  }

  @Test
  void aFloodOfOneTenantDoesNotStarveAnother() {
    Scheduler scheduler = scheduler(4, 32);
    for (int i = 0; i < 200; i++) {
      submit(scheduler, "flood", 10, 0);
    }
    for (int i = 0; i < 10; i++) {
      step(scheduler, 5);
    }
    Sequence late = submit(scheduler, "late", 10, 0);
    int steps = 0;
    while (!ended.contains(late)) {
      step(scheduler, 5);
      steps++;
    }
    assertThat(steps).as("a place becomes free within five steps").isLessThan(20);
    assertThat(scheduler.waitingCount()).isGreaterThan(100);
  }

  @Test
  void tenantsWithAlwaysMoreToDoReceiveTheSameService() {
    Scheduler scheduler = scheduler(4, 32);
    for (int i = 0; i < 300; i++) {
      submit(scheduler, "short", 5, 0);
      submit(scheduler, "long", 5, 0);
      submit(scheduler, "third", 5, 40);
    }
    for (int i = 0; i < 300; i++) {
      step(scheduler, 6);
    }
    int least = served.values().stream().mapToInt(Integer::intValue).min().orElse(0);
    int most = served.values().stream().mapToInt(Integer::intValue).max().orElse(0);
    assertThat(served).hasSize(3);
    assertThat(most - least).as("tokens of " + served).isLessThan(most / 5);
  }

  @Test
  void prefersTheTenantWhoseSystemKvTheBatchReadsAlreadyWithinTheSlack() {
    assertThat(nextTenant(1000)).isEqualTo("running");
  }

  @Test
  void withoutSlackTheLeastServedGoesFirst() {
    assertThat(nextTenant(0)).isEqualTo("absent");
  }

  /** Two sequences run; whose is the next when one of them ends, C more a step or S + C? */
  private String nextTenant(int affinity) {
    Scheduler scheduler = scheduler(2, affinity);
    for (int i = 0; i < 2; i++) {
      submit(scheduler, "running", 4, 100);
      for (int k = 0; k < 5; k++) {
        step(scheduler, 50);
      }
    }
    Sequence absent = submit(scheduler, "absent", 4, 100);
    Sequence cheap = submit(scheduler, "running", 4, 100);
    while (!absent.running() && !cheap.running()) {
      step(scheduler, 50);
    }
    return absent.running() ? "absent" : "running";
  }

  @Test
  void silenceSavesUpNoClaimAndDebtIsRemembered() {
    FairShare share = new FairShare();
    share.enter("steady");
    share.charge("steady", 1000);
    share.enter("returning");
    assertThat(share.counter("returning")).as("lifted to the active minimum").isEqualTo(1000);
    share.charge("returning", 500);
    share.leave("returning");
    share.enter("returning");
    assertThat(share.counter("returning")).as("still ahead").isEqualTo(1500);
    share.leave("returning");
    share.charge("steady", 600);
    assertThat(share.knownTenants()).as("caught up with and forgotten").isEqualTo(1);
    share.leave("steady");
    assertThat(share.knownTenants()).isZero();
    share.enter("a");
    share.enter("b");
    assertThat(share.counter("a")).isEqualTo(share.counter("b"));
  }
}
