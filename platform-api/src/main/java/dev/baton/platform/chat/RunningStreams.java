package dev.baton.platform.chat;

import dev.baton.admin.apikey.TenantAccess;
import dev.baton.admin.apikey.TenantDirectory;
import dev.baton.admin.storage.ChangeFeed;
import dev.baton.admin.storage.ChangeFeed.AnythingChanged;
import dev.baton.admin.storage.ChangeFeed.TenantChanged;
import dev.baton.platform.problem.ApiProblem;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.ContextRefreshedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The requests that run, by tenant: those of a tenant that is suspended or deleted, or of a key
 * that is revoked, end with an error as soon as the change feed tells.
 *
 * <p>Implementation note: a request is authenticated before it is registered; a change in between
 * would be missed. So whoever registers within {@link #MEMORY} of a change is checked then.
 */
@Component
final class RunningStreams {
  private static final Logger log = LoggerFactory.getLogger(RunningStreams.class);
  private static final int CONCURRENT_CHECKS = 16;

  /** Longer than a request takes from its authentication to its registration. */
  private static final Duration MEMORY = Duration.ofSeconds(10);

  private final TenantDirectory directory;
  private final ChangeFeed feed;
  private final Map<String, Set<Running>> byTenant = new ConcurrentHashMap<>();
  private final Disposable.Swap subscription = Disposables.swap();
  private volatile long changedAtNanos = System.nanoTime();

  RunningStreams(TenantDirectory directory, ChangeFeed feed) {
    this.directory = directory;
    this.feed = feed;
  }

  private record Running(String keyId, GenerationStream stream) {}

  /** Registers a request until it ends. */
  void register(TenantAccess caller, GenerationStream stream) {
    Running running = new Running(caller.keyId(), stream);
    byTenant.compute(
        caller.tenantId(),
        (tenant, others) -> {
          Set<Running> all = others == null ? ConcurrentHashMap.newKeySet() : others;
          all.add(running);
          return all;
        });
    stream.outcome().doFinally(signal -> remove(caller.tenantId(), running)).subscribe();
    if (System.nanoTime() - changedAtNanos < MEMORY.toNanos()) {
      check(caller.tenantId(), List.of(running)).subscribe();
    }
  }

  private void remove(String tenantId, Running running) {
    byTenant.computeIfPresent(
        tenantId,
        (tenant, all) -> {
          all.remove(running);
          return all.isEmpty() ? null : all;
        });
  }

  @EventListener(ContextRefreshedEvent.class)
  void follow() {
    subscription.update(
        feed.changes()
            .doOnNext(change -> changedAtNanos = System.nanoTime())
            .flatMap(this::onChange, CONCURRENT_CHECKS)
            .subscribe(ended -> {}, error -> log.error("the change feed ended", error)));
  }

  @EventListener(ContextClosedEvent.class)
  void stopFollowing() {
    subscription.dispose();
  }

  private Mono<Void> onChange(ChangeFeed.Change change) {
    return switch (change) {
      case TenantChanged changed ->
          check(changed.tenantId(), byTenant.getOrDefault(changed.tenantId(), Set.of()));
      case AnythingChanged gap ->
          Flux.fromIterable(byTenant.entrySet())
              .flatMap(tenant -> check(tenant.getKey(), tenant.getValue()), CONCURRENT_CHECKS)
              .then();
    };
  }

  private Mono<Void> check(String tenantId, Collection<Running> running) {
    Map<String, List<Running>> byKey =
        running.stream().collect(Collectors.groupingBy(Running::keyId));
    return Flux.fromIterable(byKey.entrySet())
        .flatMap(key ->
            directory
                .standing(tenantId, key.getKey())
                .doOnNext(standing -> end(key.getValue(), standing)))
        .then()
        // While the store is away nothing is known; its return is a gap in the feed, hence a check.
        .onErrorComplete();
  }

  private static void end(List<Running> running, TenantDirectory.Standing standing) {
    switch (standing) {
      case SERVED -> {}
      case SUSPENDED -> running.forEach(one -> one.stream().end(ApiProblem.suspended()));
      case REFUSED -> running.forEach(one -> one.stream().end(ApiProblem.unauthenticated()));
    }
  }
}
