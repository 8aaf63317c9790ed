package dev.baton.engine.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.baton.engine.SystemKvKey;
import dev.baton.engine.backend.KvLayout;
import dev.baton.engine.kvcache.BlockPool;
import dev.baton.engine.kvcache.SystemKvCache;
import dev.baton.engine.kvcache.SystemTokens;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** On a clock of its own: each step takes what a made-up machine needs for it. */
final class DecodeLatencyTest {
  private static final Duration TARGET = Duration.ofMillis(100);

  private BlockPool pool = new BlockPool(new KvLayout(4000, 16, 10), blocks -> {});
  private SystemKvCache systemKvs = new SystemKvCache(pool, 2000, 100, InstantSource.system());
  private final List<Duration> decodeSteps = new ArrayList<>();
  private double slowness = 1;
  private long numbers;
  private long prefillTokens;

  @BeforeEach
  void nothingMeasured() {
    pool = new BlockPool(new KvLayout(4000, 16, 10), blocks -> {});
    systemKvs = new SystemKvCache(pool, 2000, 100, InstantSource.system());
  }

  private Scheduler scheduler(boolean bounded) {
    SchedulerSettings settings = new SchedulerSettings(16, 512, RelayMode.ON, 1, 2, 256);
    return new Scheduler(
        bounded ? settings.withDecodeLatencyTarget(TARGET) : settings,
        pool,
        systemKvs,
        (sequences, rows, tokens) -> true);
  }

  private void submit(Scheduler scheduler, String tenant, int systemTokens, int promptTokens) {
    SystemTokens system =
        new SystemTokens(new SystemKvKey(tenant, "v"), new int[systemTokens], 0, null);
    scheduler.submit(new Sequence(++numbers, tenant, new int[systemTokens + promptTokens], system));
  }

  /** 20 ms of weights, 1 ms a token, 5 us a token of keys and values. */
  private Duration time(StepPlan plan) {
    StepLoad load = StepLoad.of(plan.step());
    double nanos = 20e6 + 1e6 * load.tokens() + 5e3 * load.kvTokens();
    return Duration.ofNanos((long) (slowness * nanos));
  }

  private void step(Scheduler scheduler) {
    StepPlan plan = scheduler.schedule();
    if (plan == null) {
      return;
    }
    boolean decodes = false;
    scheduler.completed(plan);
    for (StepPlan.Part part : plan.parts()) {
      if (part instanceof StepPlan.RequestPart request && request.sampled()) {
        decodes |= request.tokenCount() == 1;
        scheduler.append(request.sequence(), 0);
      }
      prefillTokens += part.tokenCount() > 1 ? part.tokenCount() : 0;
    }
    scheduler.measured(plan, time(plan));
    if (decodes) {
      decodeSteps.add(time(plan));
    }
  }

  private void run(Scheduler scheduler, int steps) {
    for (int i = 0; i < steps; i++) {
      step(scheduler);
    }
  }

  /** Decodes of one tenant, then long prompts and a fill of others. */
  private void load(Scheduler scheduler) {
    for (int i = 0; i < 4; i++) {
      submit(scheduler, "talking", 512, 20);
    }
    run(scheduler, 20);
    decodeSteps.clear();
    prefillTokens = 0;
    for (int i = 0; i < 4; i++) {
      submit(scheduler, "new", 2048, 700);
    }
    run(scheduler, 30);
  }

  @Test
  void promptsThatJoinKeepDecodesWithinTheTarget() {
    load(scheduler(true));
    assertThat(decodeSteps)
        .hasSizeGreaterThan(20)
        .allSatisfy(step -> assertThat(step.toMillis()).isLessThanOrEqualTo(115));
    assertThat(prefillTokens).as("the time is used").isGreaterThan(30 * 40);
  }

  @Test
  void withoutATargetTheyWaitForWholeChunks() {
    load(scheduler(false));
    assertThat(decodeSteps).anySatisfy(step -> assertThat(step.toMillis()).isGreaterThan(400));
  }

  @Test
  void aMachineThatGetsSlowerIsNoticed() {
    Scheduler scheduler = scheduler(true);
    load(scheduler);
    slowness = 2;
    run(scheduler, 15);
    decodeSteps.clear();
    run(scheduler, 15);
    assertThat(decodeSteps)
        .allSatisfy(step -> assertThat(step.toMillis()).isLessThanOrEqualTo(125));
  }

  @Test
  void promptsAdvanceBesideDecodesThatAloneTakeTooLong() {
    slowness = 20;
    load(scheduler(true));
    assertThat(prefillTokens).isGreaterThanOrEqualTo(29 * PrefillBudget.LEAST_TOKENS);
  }

  @Test
  void nobodyWaitsWhileNothingIsDecoded() {
    Scheduler scheduler = scheduler(true);
    submit(scheduler, "first", 1024, 8);
    step(scheduler);
    assertThat(prefillTokens).isEqualTo(512);
  }

  @Test
  void theModelFindsWhatStepsCost() {
    StepTimeModel model = new StepTimeModel();
    for (int i = 0; i < 200; i++) {
      StepLoad load = new StepLoad(1 + i * 37 % 256, i * 613L % 9000);
      model.measured(load, 20_000_000 + 1_000_000L * load.tokens() + 5_000 * load.kvTokens());
    }
    assertThat(model.calibrated()).isTrue();
    assertThat(model.nanos(new StepLoad(64, 4000)))
        .isCloseTo(20e6 + 64e6 + 20e6, Percentage.withPercentage(8));
    assertThat(model.perToken()).isCloseTo(1e6, Percentage.withPercentage(15));
  }

  @Test
  void theModelStaysSaneOnOddMeasurements() {
    StepTimeModel model = new StepTimeModel();
    model.measured(new StepLoad(1, 10), 0);
    model.measured(new StepLoad(1, 10), -5);
    assertThat(model.nanos(new StepLoad(8, 8))).isZero();
    model.measured(new StepLoad(8, 100), 50_000_000); // larger, yet faster
    model.measured(new StepLoad(2, 100), 80_000_000);
    model.measured(new StepLoad(2, 100), Long.MAX_VALUE); // the machine slept
    assertThat(model.perToken()).isGreaterThanOrEqualTo(0);
    assertThat(model.perKvToken()).isGreaterThanOrEqualTo(0);
    assertThat(model.nanos(new StepLoad(512, 4096))).isFinite().isBetween(1e7, 1e9);
  }

  @Test
  void aTargetIsPositive() {
    SchedulerSettings settings = new SchedulerSettings(16, 512, RelayMode.ON, 1, 2, 256);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> settings.withDecodeLatencyTarget(Duration.ZERO));
  }
}
