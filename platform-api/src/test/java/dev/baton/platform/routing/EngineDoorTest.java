package dev.baton.platform.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.FinishReason;
import dev.baton.engine.Generation;
import dev.baton.engine.GenerationEvent;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.SamplingParameters;
import dev.baton.platform.ScriptedEngine;
import dev.baton.platform.problem.ApiProblem;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

@Timeout(30)
class EngineDoorTest {
  private static final Duration SOON = Duration.ofSeconds(10);

  private final ScriptedEngine engine = new ScriptedEngine();
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final BlockingQueue<GenerationEvent> events = new LinkedBlockingQueue<>();

  @AfterEach
  void close() {
    engine.close();
  }

  @Test
  void endsARequestWhoseFirstTokenDoesNotComeAndCancelsIt() throws Exception {
    EngineDoor door = door(settings().firstToken(Duration.ofMillis(50)));
    door.generate(request("a"), events::add);
    ScriptedEngine.Running running = engine.nextRequest().begin();
    assertThat(next()).isInstanceOf(GenerationEvent.Started.class);
    GenerationEvent.Failed failed = (GenerationEvent.Failed) next();
    assertThat(failed.error().code()).isEqualTo(ErrorCode.TIMEOUT);
    assertThat(failed.error().retryAfter()).isPositive();
    assertThat(failed.usage().promptTokens()).isEqualTo(ScriptedEngine.PROMPT_TOKENS);
    assertThat(running.cancelledWithin(SOON)).isTrue();
    assertThat(places(door)).isZero();
    assertThat(events.poll(50, TimeUnit.MILLISECONDS)).as("after the last event").isNull();
  }

  @Test
  void limitsTheFirstTokenApartFromTheStream() throws Exception {
    EngineDoor door =
        door(settings().firstToken(Duration.ofMillis(100)).stream(Duration.ofMillis(300)));
    door.generate(request("a"), events::add);
    ScriptedEngine.Running running = engine.nextRequest().begin().say("one");
    long started = System.nanoTime();
    next();
    next();
    GenerationEvent.Failed failed = (GenerationEvent.Failed) next();
    assertThat(Duration.ofNanos(System.nanoTime() - started)).isGreaterThan(Duration.ofMillis(150));
    assertThat(failed.error().code()).isEqualTo(ErrorCode.TIMEOUT);
    assertThat(failed.error().retryAfter()).as("the same would take as long again").isNull();
    assertThat(failed.usage().completionTokens()).isEqualTo(1);
    assertThat(running.cancelledWithin(SOON)).isTrue();
  }

  @Test
  void leavesAFailingEngineAloneAndTriesItAgainAfterTheTimeItNamed() throws Exception {
    ManualClock clock = new ManualClock();
    EngineDoor door = door(settings().recovery(Duration.ofMillis(200)), clock);
    for (int i = 0; i < 5; i++) {
      door.generate(request("a"), events::add);
      engine.nextRequest().fail(ErrorCode.INTERNAL, "the device failed");
      assertThat(next()).isInstanceOf(GenerationEvent.Failed.class);
    }
    assertThat(door.refuses()).isTrue();
    assertThatThrownBy(() -> door.generate(request("a"), events::add))
        .isInstanceOfSatisfying(
            ApiProblem.class,
            refused -> {
              assertThat(refused.status().value()).isEqualTo(503);
              assertThat(refused.code()).isEqualTo("engine_unavailable");
              assertThat(refused.retryAfter()).isEqualTo(Duration.ofSeconds(1));
            });
    assertThat(engine.idle()).as("the engine was left alone").isTrue();
    clock.advance(Duration.ofMillis(300));
    for (int trial = 0; trial < 3; trial++) {
      Generation generation = whenOpen(door);
      assertThat(generation.promptTokenCount()).isEqualTo(ScriptedEngine.PROMPT_TOKENS);
      engine.nextRequest().begin().say("well").finish(FinishReason.STOP);
      while (!(next() instanceof GenerationEvent.Finished)) {}
    }
    assertThat(door.refuses()).isFalse();
    assertThat(places(door)).isZero();
  }

  @Test
  void doesNotBlameTheEngineForWhatOthersGotWrong() throws Exception {
    EngineDoor door = door(settings());
    for (ErrorCode code :
        List.of(ErrorCode.INVALID_REQUEST, ErrorCode.QUEUE_FULL, ErrorCode.DRAINING)) {
      for (int i = 0; i < 10; i++) {
        engine.refuse(new EngineException(code, "refused"));
        assertThatThrownBy(() -> door.generate(request("a"), events::add))
            .isInstanceOf(EngineException.class);
      }
    }
    engine.refuse(null);
    for (int i = 0; i < 10; i++) {
      Generation cancelled = door.generate(request("a"), events::add);
      engine.nextRequest();
      cancelled.cancel();
      assertThat(next()).isInstanceOf(GenerationEvent.Finished.class);
    }
    assertThat(door.refuses()).isFalse();
    assertThat(places(door)).isZero();
  }

  @Test
  void keepsOneTenantFromTakingEveryPlace() throws Exception {
    EngineDoor door = door(settings().places(3, 2));
    door.generate(request("a"), events::add);
    Generation second = door.generate(request("a"), events::add);
    assertThatThrownBy(() -> door.generate(request("a"), events::add))
        .isInstanceOfSatisfying(
            ApiProblem.class, refused -> assertThat(refused.status().value()).isEqualTo(429));
    door.generate(request("b"), events::add);
    assertThatThrownBy(() -> door.generate(request("c"), events::add))
        .isInstanceOfSatisfying(
            ApiProblem.class, refused -> assertThat(refused.status().value()).isEqualTo(503));
    second.cancel();
    assertThat(next()).isInstanceOf(GenerationEvent.Finished.class);
    door.generate(request("c"), events::add);
    assertThat(places(door)).isEqualTo(3);
  }

  @Test
  void startsWithLimitsThatAreNotInTheWay() {
    RoutingSettings defaults =
        new Binder(new MapConfigurationPropertySource(Map.of()))
            .bindOrCreate("baton.routing", RoutingSettings.class);
    assertThat(defaults).isEqualTo(settings().build());
    assertThatThrownBy(() -> settings().stream(Duration.ofSeconds(1)).build())
        .hasMessageContaining("baton.routing.stream-limit");
  }

  /** Resilience4j has a clock of its own: half open comes a little after the time is over. */
  private Generation whenOpen(EngineDoor door) {
    while (true) {
      try {
        return door.generate(request("a"), events::add);
      } catch (ApiProblem stillClosed) {
        Thread.onSpinWait();
      }
    }
  }

  private GenerationEvent next() throws InterruptedException {
    GenerationEvent event = events.poll(10, TimeUnit.SECONDS);
    assertThat(event).as("an event within 10 s").isNotNull();
    return event;
  }

  private double places(EngineDoor door) {
    double available =
        meters.get("resilience4j.bulkhead.available.concurrent.calls").gauge().value();
    return door.settings().nodeRequests() - available;
  }

  private EngineDoor door(Settings settings) {
    return door(settings, new ManualClock());
  }

  private EngineDoor door(Settings settings, InstantSource clock) {
    return new EngineDoor(engine, settings.build(), clock, meters);
  }

  private static GenerationRequest request(String tenant) {
    return GenerationRequest.sampled(
        "r",
        tenant,
        null,
        new GenerationRequest.Chat(List.of()),
        SamplingParameters.GREEDY,
        null,
        List.of(),
        0);
  }

  private static Settings settings() {
    return new Settings(
        Duration.ofMinutes(2), Duration.ofMinutes(15), 4096, 2560, Duration.ofSeconds(10));
  }

  /** The defaults, with what a test changes. */
  private record Settings(
      Duration firstToken, Duration stream, int node, int tenant, Duration recovery) {
    Settings firstToken(Duration limit) {
      return new Settings(limit, stream, node, tenant, recovery);
    }

    Settings stream(Duration limit) {
      return new Settings(firstToken, limit, node, tenant, recovery);
    }

    Settings places(int ofNode, int ofTenant) {
      return new Settings(firstToken, stream, ofNode, ofTenant, recovery);
    }

    Settings recovery(Duration time) {
      return new Settings(firstToken, stream, node, tenant, time);
    }

    RoutingSettings build() {
      return new RoutingSettings(firstToken, stream, node, tenant, 50, 20, recovery);
    }
  }

  private static final class ManualClock implements InstantSource {
    private volatile Instant now = Instant.EPOCH;

    void advance(Duration time) {
      now = now.plus(time);
    }

    @Override
    public Instant instant() {
      return now;
    }
  }
}
