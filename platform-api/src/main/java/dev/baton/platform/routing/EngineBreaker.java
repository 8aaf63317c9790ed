package dev.baton.platform.routing;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.platform.problem.ApiProblem;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;
import io.github.resilience4j.micrometer.tagged.TaggedCircuitBreakerMetrics;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Leaves an engine alone whose device fails. Only failures that are the engine's fault count: what
 * the caller got wrong, a full queue, a cancel or a drain say nothing about its health.
 */
final class EngineBreaker {
  /** Requests that show whether an engine has recovered. */
  private static final int TRIALS = 3;

  private final CircuitBreaker breaker;
  private final InstantSource clock;
  private final Duration recoveryTime;
  private final AtomicReference<Instant> openUntil = new AtomicReference<>(Instant.MIN);

  EngineBreaker(String node, RoutingSettings settings, InstantSource clock, MeterRegistry meters) {
    this.clock = clock;
    this.recoveryTime = settings.recoveryTime();
    CircuitBreakerRegistry registry =
        CircuitBreakerRegistry.of(
            CircuitBreakerConfig.custom()
                .slidingWindowSize(settings.failureWindow())
                .minimumNumberOfCalls(Math.min(5, settings.failureWindow()))
                .failureRateThreshold(settings.failureRate())
                .waitDurationInOpenState(recoveryTime)
                .permittedNumberOfCallsInHalfOpenState(TRIALS)
                .build());
    breaker = registry.circuitBreaker(node);
    breaker
        .getEventPublisher()
        .onStateTransition(transition -> {
          if (transition.getStateTransition().getToState() == CircuitBreaker.State.OPEN) {
            openUntil.set(clock.instant().plus(recoveryTime));
          }
        });
    TaggedCircuitBreakerMetrics.ofCircuitBreakerRegistry(registry).bindTo(meters);
  }

  /**
   * Lets a request pass, which must then be reported by exactly one of the methods below.
   *
   * @throws ApiProblem 503 with the time that is left, while the engine is left alone
   */
  void enter() {
    if (!breaker.tryAcquirePermission()) {
      throw ApiProblem.unavailable(
          "engine_unavailable",
          "The engine fails and is left alone for a while. Repeat the request after the time in Retry-After.",
          leftAlone(),
          null);
    }
  }

  /** The engine produced a token, or ended a request as it should. */
  void worked(long nanos) {
    breaker.onSuccess(nanos, TimeUnit.NANOSECONDS);
  }

  void failed(long nanos, EngineException error) {
    if (isEnginesFault(error)) {
      breaker.onError(nanos, TimeUnit.NANOSECONDS, error);
    } else {
      breaker.releasePermission();
    }
  }

  /** A request that had worked until then: counted once more when the engine is at fault. */
  void failedLater(long nanos, EngineException error) {
    if (isEnginesFault(error)) {
      breaker.onError(nanos, TimeUnit.NANOSECONDS, error);
    }
  }

  private static boolean isEnginesFault(EngineException error) {
    return error.code() == ErrorCode.INTERNAL || error.code() == ErrorCode.TIMEOUT;
  }

  /** The request ended without showing how the engine is. */
  void inconclusive() {
    breaker.releasePermission();
  }

  /** Whether requests are refused now; after the recovery time the next ones are trials. */
  boolean refuses() {
    return switch (breaker.getState()) {
      case OPEN, FORCED_OPEN -> clock.instant().isBefore(openUntil.get());
      case CLOSED, HALF_OPEN, DISABLED, METRICS_ONLY -> false;
    };
  }

  /** Half open, the trials of others decide; that takes about a second. */
  private Duration leftAlone() {
    Duration left = Duration.between(clock.instant(), openUntil.get());
    return left.compareTo(Duration.ofSeconds(1)) < 0 ? Duration.ofSeconds(1) : left;
  }
}
