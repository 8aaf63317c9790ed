package dev.baton.admin.systemprompt;

import dev.baton.admin.http.AdminProblem;
import dev.baton.admin.storage.StoreUnavailableException;
import dev.baton.admin.tenant.Tenants;
import dev.baton.engine.Engine;
import dev.baton.engine.EngineModel;
import dev.baton.engine.EngineStatistics;
import dev.baton.engine.SystemKvStatus;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** The engine as an admin sees it: once, or every second for whoever watches. */
@Component
final class EngineWatch {
  private static final Duration INTERVAL = Duration.ofSeconds(1);

  /** What it serves, what it does, what it holds. */
  record EngineView(EngineModel model, EngineStatistics statistics, List<SystemKvView> systemKvs) {}

  /** What the store knows of a tenant's system KVs. */
  private record Known(@Nullable String tenantName, Map<String, Pins.Pin> pins) {
    static final Known NOTHING = new Known(null, Map.of());
  }

  private final AttachedEngine engine;
  private final Tenants tenants;
  private final Pins pins;
  private final Sinks.Empty<Void> closing = Sinks.empty();
  private final Flux<EngineView> events;

  EngineWatch(AttachedEngine engine, Tenants tenants, Pins pins) {
    this.engine = engine;
    this.tenants = tenants;
    this.pins = pins;
    // One look a second however many watch; none when nobody does.
    events =
        Flux.interval(Duration.ZERO, INTERVAL)
            .onBackpressureDrop()
            .concatMap(tick -> view(), 1)
            .replay(1)
            .refCount()
            .onBackpressureLatest();
  }

  /**
   * The web server waits for answers under way when it stops, and these have no end of their own.
   */
  @EventListener(ContextClosedEvent.class)
  void close() {
    closing.tryEmitEmpty();
  }

  /** A picture a second, the first at once; fails with 503 without an engine. */
  Flux<EngineView> events() {
    return Flux.defer(() -> {
      engine.get();
      return events.takeUntilOther(closing.asMono());
    });
  }

  /** The picture now. */
  Mono<EngineView> view() {
    return Mono.defer(() -> {
      Engine attached = engine.get();
      return views(attached.systemKvs())
          .map(kvs -> new EngineView(attached.model(), attached.statistics(), kvs));
    });
  }

  /** System KVs with their tenants' names and pins; without those while the store is away. */
  Mono<List<SystemKvView>> views(List<SystemKvStatus> statuses) {
    return Flux.fromIterable(statuses)
        .map(status -> status.key().tenantId())
        .distinct()
        .flatMap(id -> known(id).map(known -> Map.entry(id, known)))
        .collectMap(Map.Entry::getKey, Map.Entry::getValue)
        .defaultIfEmpty(new HashMap<>())
        .map(known ->
            statuses.stream()
                .map(status -> {
                  Known of = known.getOrDefault(status.key().tenantId(), Known.NOTHING);
                  return SystemKvView.of(
                      status, of.tenantName(), of.pins().get(status.key().versionId()));
                })
                .toList());
  }

  private Mono<Known> known(String tenantId) {
    return tenants
        .get(tenantId)
        .zipWith(pins.of(tenantId))
        .map(read -> new Known(read.getT1().name(), read.getT2()))
        .onErrorResume(EngineWatch::isMissingOrAway, error -> Mono.just(Known.NOTHING));
  }

  private static boolean isMissingOrAway(Throwable error) {
    return error instanceof AdminProblem || error instanceof StoreUnavailableException;
  }
}
