package dev.baton.admin.limits;

import dev.baton.admin.storage.BoundedCache;
import dev.baton.admin.storage.ChangeFeed;
import dev.baton.admin.storage.ChangeFeed.AnythingChanged;
import dev.baton.admin.storage.ChangeFeed.TenantChanged;
import dev.baton.admin.storage.RefreshAhead;
import dev.baton.admin.storage.Store;
import dev.baton.admin.storage.StoreUnavailableException;
import dev.baton.admin.storage.TenantKeys;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.ContextRefreshedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import tools.jackson.databind.json.JsonMapper;

/**
 * The limits a request must stay within, without asking Redis for each. What a node knows is
 * forgotten when the change feed names the tenant, and asked anew after {@code
 * baton.limits.cache-time}; while Redis is away it holds for {@code baton.limits.grace}.
 */
@Component
public final class LimitDirectory {
  private static final Logger log = LoggerFactory.getLogger(LimitDirectory.class);

  /** How long known limits are answered without asking a store that has just failed. */
  private static final Duration STORE_PAUSE = Duration.ofSeconds(1);

  private final Store store;
  private final ChangeFeed feed;
  private final InstantSource clock;
  private final JsonMapper json;
  private final LimitSettings settings;
  private final BoundedCache<String, Known> tenants;
  private final RefreshAhead<String> ahead;
  private final AtomicLong changesSeen = new AtomicLong();
  private final Disposable.Swap subscription = Disposables.swap();
  private volatile Instant storeFailedAt = Instant.MIN;

  /** All limits of a tenant by key, its own under {@code tenant}, and when Redis confirmed them. */
  private record Known(String tenantId, Map<String, Limits> limits, Instant confirmedAt) {
    AppliedLimits of(String keyId) {
      return new AppliedLimits(
          limits.getOrDefault(TenantLimits.TENANT, Limits.NONE),
          limits.getOrDefault(keyId, Limits.NONE));
    }

    boolean isConfirmedWithin(Duration time, Instant now) {
      return now.isBefore(confirmedAt.plus(time));
    }
  }

  LimitDirectory(
      Store store, ChangeFeed feed, InstantSource clock, JsonMapper json, LimitSettings settings) {
    this.store = store;
    this.feed = feed;
    this.clock = clock;
    this.json = json;
    this.settings = settings;
    tenants = new BoundedCache<>(settings.cacheSize(), known -> 1);
    ahead = new RefreshAhead<>(settings.cacheTime());
  }

  @EventListener(ContextRefreshedEvent.class)
  void follow() {
    subscription.update(
        feed.changes().subscribe(this::forget, error -> log.error("the change feed ended", error)));
  }

  /** While Redis' client still lives: it is asked to end the subscription. */
  @EventListener(ContextClosedEvent.class)
  void stopFollowing() {
    subscription.dispose();
  }

  /**
   * The limits of a key and its tenant; fails with {@link StoreUnavailableException} when they are
   * not known.
   */
  public Mono<AppliedLimits> of(String tenantId, String keyId) {
    Known known = tenants.get(tenantId);
    Instant now = clock.instant();
    if (known != null && known.isConfirmedWithin(settings.cacheTime(), now)) {
      ahead.consider(tenantId, known.confirmedAt(), now, () -> read(tenantId));
      return Mono.just(known.of(keyId));
    }
    if (known != null
        && known.isConfirmedWithin(settings.grace(), now)
        && now.isBefore(storeFailedAt.plus(STORE_PAUSE))) {
      return Mono.just(known.of(keyId));
    }
    return read(tenantId)
        .onErrorResume(
            StoreUnavailableException.class,
            away -> {
              storeFailedAt = clock.instant();
              return known != null && known.isConfirmedWithin(settings.grace(), clock.instant())
                  ? Mono.just(known)
                  : Mono.error(away);
            })
        .map(limits -> limits.of(keyId));
  }

  /** Whether the tenant's limits are known, or would be if Redis went away now. */
  public boolean remembers(String tenantId) {
    Known known = tenants.get(tenantId);
    return known != null && known.isConfirmedWithin(settings.grace(), clock.instant());
  }

  private Mono<Known> read(String tenantId) {
    return Mono.defer(() -> {
      long seen = changesSeen.get();
      return store
          .read(redis ->
              redis
                  .<String, String>opsForHash()
                  .entries(new TenantKeys(tenantId).limits())
                  .collectMap(
                      Map.Entry::getKey,
                      stored -> TenantLimits.parse(json, stored.getValue()),
                      HashMap::new))
          // Whoever waits for limits goes on to compute: not on the thread of Redis' client.
          .publishOn(Schedulers.boundedElastic())
          .map(limits -> new Known(tenantId, Map.copyOf(limits), clock.instant()))
          .doOnNext(known -> {
            tenants.put(tenantId, known);
            // A change that came in between would else be overwritten with older knowledge.
            if (changesSeen.get() != seen) {
              tenants.remove(tenantId);
            }
          });
    });
  }

  private void forget(ChangeFeed.Change change) {
    changesSeen.incrementAndGet();
    switch (change) {
      case TenantChanged changed -> tenants.remove(changed.tenantId());
      // Kept for the grace, but asked anew before they are used again.
      case AnythingChanged gap ->
          tenants.replaceAll(known ->
              new Known(
                  known.tenantId(),
                  known.limits(),
                  earlier(known.confirmedAt(), clock.instant().minus(settings.cacheTime()))));
    }
  }

  private static Instant earlier(Instant one, Instant other) {
    return one.isBefore(other) ? one : other;
  }
}
