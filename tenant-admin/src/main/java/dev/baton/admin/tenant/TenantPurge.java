package dev.baton.admin.tenant;

import dev.baton.admin.audit.Actor;
import dev.baton.admin.audit.AuditedChanges;
import dev.baton.admin.http.Names;
import dev.baton.admin.storage.Scripts;
import dev.baton.admin.storage.Store;
import dev.baton.admin.storage.TenantIndex;
import dev.baton.admin.storage.TenantKeys;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.ContextRefreshedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.stereotype.Component;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Removes what deleted tenants owned once their time is over. What stays is the audit log, which
 * holds neither prompts nor secrets.
 *
 * <p>Implementation note: a tenant is first marked as being purged, from where no restore leads
 * back; then memory is freed, then all stored keys go in one script, at last its name and its place
 * in the index. Every step may be repeated: a node that dies leaves the rest to the next round of
 * any node.
 */
@Component
public final class TenantPurge {
  private static final Logger log = LoggerFactory.getLogger(TenantPurge.class);
  private static final Actor JOB = new Actor("purge job");
  private static final int REMOVED_AT_ONCE = 100;

  private static final RedisScript<List<String>> BEGIN =
      AuditedChanges.scriptForAny(
          """
          local state = redis.call('HMGET', tenant, 'status', 'purgeAt')
          if state[1] == 'PURGING' then return {'OK'} end
          -- Restored, or deleted again, since the job has looked.
          if state[1] ~= 'DELETED' or state[2] ~= arg(1) then return {'CHANGED'} end
          local before = digest(tenant)
          redis.call('HSET', tenant, 'status', 'PURGING')
          audit(tenant_id, before, digest(tenant))
          return {'OK'}
          """);

  private static final RedisScript<List<String>> END =
      AuditedChanges.scriptForAny(
          """
          if redis.call('HGET', tenant, 'status') ~= 'PURGING' then return {'CHANGED'} end
          audit(tenant_id, digest(tenant), '')
          for i = 3, #KEYS do redis.call('DEL', KEYS[i]) end
          redis.call('DEL', tenant)
          return {'OK'}
          """);

  private static final RedisScript<List<String>> REMOVE =
      Scripts.of("for i = 1, #KEYS do redis.call('DEL', KEYS[i]) end return {'OK'}");

  private final Store store;
  private final Tenants tenants;
  private final TenantIndex index;
  private final AuditedChanges changes;
  private final ObjectProvider<TenantData> data;
  private final InstantSource clock;
  private final TenantSettings settings;
  private final Disposable.Swap job = Disposables.swap();

  TenantPurge(
      Store store,
      Tenants tenants,
      TenantIndex index,
      AuditedChanges changes,
      ObjectProvider<TenantData> data,
      InstantSource clock,
      TenantSettings settings) {
    this.store = store;
    this.tenants = tenants;
    this.index = index;
    this.changes = changes;
    this.data = data;
    this.clock = clock;
    this.settings = settings;
  }

  @EventListener(ContextRefreshedEvent.class)
  void begin() {
    job.update(
        Flux.interval(settings.purgeInterval())
            .onBackpressureDrop()
            .concatMap(tick ->
                run()
                    .onErrorResume(error -> {
                      log.warn("purging will be tried again: {}", error.toString());
                      return Mono.empty();
                    }))
            .subscribe());
  }

  @EventListener(ContextClosedEvent.class)
  void end() {
    job.dispose();
  }

  /** Purges every tenant whose time is over; completes with their number. */
  Mono<Long> run() {
    return tenants
        .all()
        .filter(this::isDue)
        .concatMap(tenant ->
            purge(tenant)
                .onErrorResume(error -> {
                  log.warn("tenant={} is not purged yet: {}", tenant.id(), error.toString());
                  return Mono.empty();
                }))
        .count();
  }

  private boolean isDue(Tenant tenant) {
    Instant due = tenant.purgeAt();
    return tenant.status() == TenantStatus.PURGING
        || (tenant.status() == TenantStatus.DELETED
            && due != null
            && !due.isAfter(clock.instant()));
  }

  /** Completes with the tenant, or without when it was restored meanwhile. */
  private Mono<Tenant> purge(Tenant tenant) {
    TenantKeys keys = new TenantKeys(tenant.id());
    return changes
        .apply(BEGIN, JOB, "tenant.purge_started", keys, List.of(), List.of(text(tenant.purgeAt())))
        .filter(answer -> answer.getFirst().equals("OK"))
        .flatMap(begun ->
            Flux.fromIterable(data)
                .concatMap(part -> part.free(tenant.id()))
                .then(Mono.defer(() -> removeUnnamed(keys)))
                .then(Mono.defer(() -> removeStored(keys)))
                .then(index.release(Names.comparable(tenant.name()), tenant.id()))
                .then(index.forget(tenant.id()))
                .doOnSuccess(done -> log.info("tenant={} purged", tenant.id()))
                .thenReturn(tenant));
  }

  /** What carries a time in its name, as usage does, and therefore is on nobody's list. */
  private Mono<Void> removeUnnamed(TenantKeys keys) {
    return store
        .keysWith(keys.prefix())
        .filter(key -> !key.equals(keys.tenant()) && !key.equals(keys.audit()))
        .buffer(REMOVED_AT_ONCE)
        .concatMap(batch -> store.write(REMOVE, batch, List.of()))
        .then();
  }

  private Mono<Void> removeStored(TenantKeys keys) {
    List<String> stored =
        data.stream().flatMap(part -> part.storedAt(keys.tenantId()).stream()).toList();
    return changes.apply(END, JOB, "tenant.purged", keys, stored, List.of()).then();
  }

  private static String text(@Nullable Instant instant) {
    return instant == null ? "" : instant.toString();
  }
}
