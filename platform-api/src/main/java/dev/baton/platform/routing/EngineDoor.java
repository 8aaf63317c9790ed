package dev.baton.platform.routing;

import dev.baton.engine.Engine;
import dev.baton.engine.EngineException;
import dev.baton.engine.Generation;
import dev.baton.engine.GenerationListener;
import dev.baton.engine.GenerationRequest;
import dev.baton.platform.problem.ApiProblem;
import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.bulkhead.BulkheadConfig;
import io.github.resilience4j.bulkhead.BulkheadRegistry;
import io.github.resilience4j.micrometer.tagged.TaggedBulkheadMetrics;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.InstantSource;
import org.springframework.stereotype.Component;

/**
 * The guarded way to an engine: places per tenant and per engine, a circuit breaker, and time
 * limits of the first token and of the whole stream. Everything is given back on every way out.
 *
 * <p>A request that was accepted is not tried a second time here: with one engine there is nowhere
 * else to try it, and what the client repeats is told by {@code Retry-After}.
 */
@Component
public final class EngineDoor {
  private static final String NODE = "engine";
  private static final Duration PLACE_RETRY = Duration.ofSeconds(1);

  private final Engine engine;
  private final RoutingSettings settings;
  private final EngineBreaker breaker;
  private final Bulkhead places;
  private final TenantPlaces tenantPlaces;

  EngineDoor(Engine engine, RoutingSettings settings, InstantSource clock, MeterRegistry meters) {
    this.engine = engine;
    this.settings = settings;
    this.breaker = new EngineBreaker(NODE, settings, clock, meters);
    this.tenantPlaces = new TenantPlaces(settings.tenantRequests());
    BulkheadRegistry bulkheads =
        BulkheadRegistry.of(
            BulkheadConfig.custom()
                .maxConcurrentCalls(settings.nodeRequests())
                .maxWaitDuration(Duration.ZERO)
                .build());
    places = bulkheads.bulkhead(NODE);
    TaggedBulkheadMetrics.ofBulkheadRegistry(bulkheads).bindTo(meters);
    Gauge.builder("baton.routing.active.tenants", tenantPlaces, TenantPlaces::tenants)
        .description("Tenants with a request under way")
        .register(meters);
  }

  /**
   * Submits a request, as {@link Engine#generate} does.
   *
   * @throws EngineException when the engine refuses it
   * @throws ApiProblem 429 when the tenant, 503 when the engine has no place left or is left alone
   */
  public Generation generate(GenerationRequest request, GenerationListener listener) {
    String tenantId = request.tenantId();
    if (!tenantPlaces.tryTake(tenantId)) {
      throw ApiProblem.slowDown(
          "This tenant has %d requests under way, as many as it may. Wait for one to end."
              .formatted(settings.tenantRequests()),
          PLACE_RETRY);
    }
    if (!places.tryAcquirePermission()) {
      tenantPlaces.giveBack(tenantId);
      throw ApiProblem.unavailable(
          "server_is_overloaded",
          "The server has as many requests under way as it takes. Repeat the request in a moment.",
          PLACE_RETRY,
          null);
    }
    try {
      breaker.enter();
    } catch (ApiProblem e) {
      left(tenantId);
      throw e;
    }
    return submit(request, listener);
  }

  private Generation submit(GenerationRequest request, GenerationListener listener) {
    GuardedGeneration guarded = new GuardedGeneration(listener, this, request.tenantId(), steps());
    try {
      Generation generation = engine.generate(request, guarded);
      guarded.accepted(generation, settings.firstTokenLimit(), settings.streamLimit());
      return guarded;
    } catch (EngineException e) {
      breaker.failed(0, e);
      left(request.tenantId());
      throw e;
    } catch (RuntimeException e) {
      breaker.inconclusive();
      left(request.tenantId());
      throw e;
    }
  }

  /** Whether requests are refused because the engine fails. */
  public boolean refuses() {
    return breaker.refuses();
  }

  /** Why the engine has stopped for good; empty while it serves. */
  public String defect() {
    return engine.defect();
  }

  /** A request has ended, however. */
  void left(String tenantId) {
    places.onComplete();
    tenantPlaces.giveBack(tenantId);
  }

  EngineBreaker breaker() {
    return breaker;
  }

  RoutingSettings settings() {
    return settings;
  }

  long steps() {
    return engine.statistics().steps();
  }
}
