package dev.baton.admin.tenant;

import dev.baton.admin.audit.Actor;
import dev.baton.admin.audit.AuditedChanges;
import dev.baton.admin.http.AdminProblem;
import dev.baton.admin.http.IfMatch;
import dev.baton.admin.http.Names;
import dev.baton.admin.http.Page;
import dev.baton.admin.storage.Ids;
import dev.baton.admin.storage.Store;
import dev.baton.admin.storage.TenantIndex;
import dev.baton.admin.storage.TenantKeys;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The tenants and their rules: unique names, and a status that is in force on every node at once.
 */
@Component
public final class Tenants {
  private static final int CONCURRENT_READS = 16;
  private static final int TENANTS_PER_READ = 100;

  /** Ids that a search reads at once, and in one page altogether: a search is never long. */
  private static final int SEARCH_BATCH = 200;

  private static final int SEARCHED_AT_MOST = 2000;

  private static final RedisScript<List<String>> CREATE =
      AuditedChanges.scriptForNew(
          """
          if redis.call('EXISTS', tenant) == 1 then return {'EXISTS'} end
          redis.call('HSET', tenant, 'name', arg(1), 'status', 'ACTIVE', 'createdAt', arg(2))
          audit(tenant_id, '', digest(tenant))
          return {'OK'}
          """);

  private static final RedisScript<List<String>> RENAME =
      AuditedChanges.scriptFor(
          """
          if not matches(tenant_tag(), arg(1)) then return {'STALE'} end
          if redis.call('HGET', tenant, 'name') == arg(2) then return {'OK'} end
          local before = digest(tenant)
          redis.call('HSET', tenant, 'name', arg(2))
          audit(tenant_id, before, digest(tenant))
          return {'OK'}
          """);

  /** Where it has that status already, nothing happened. */
  private static final RedisScript<List<String>> SET_STATUS =
      AuditedChanges.scriptFor(
          """
          if not matches(tenant_tag(), arg(1)) then return {'STALE'} end
          if status == arg(2) then return {'OK'} end
          local before = digest(tenant)
          redis.call('HSET', tenant, 'status', arg(2))
          audit(tenant_id, before, digest(tenant))
          return {'OK'}
          """);

  /** A switch of versions that is under way ends. */
  private static final RedisScript<List<String>> DELETE =
      AuditedChanges.scriptForAny(
          """
          local status = redis.call('HGET', tenant, 'status')
          if status == 'DELETED' or status == 'PURGING' then return {'OK'} end
          if not matches(tenant_tag(), arg(1)) then return {'STALE'} end
          local before = digest(tenant)
          redis.call('HSET', tenant, 'status', 'DELETED', 'statusBefore', status,
            'deletedAt', arg(2), 'purgeAt', arg(3))
          redis.call('HDEL', tenant, 'activation')
          audit(tenant_id, before, digest(tenant))
          return {'OK'}
          """);

  private static final RedisScript<List<String>> RESTORE =
      AuditedChanges.scriptForAny(
          """
          local state = redis.call('HMGET', tenant, 'status', 'statusBefore')
          if state[1] == 'PURGING' then return {'PURGING'} end
          if state[1] ~= 'DELETED' then return {'OK'} end
          local before = digest(tenant)
          redis.call('HSET', tenant, 'status', state[2])
          redis.call('HDEL', tenant, 'statusBefore', 'deletedAt', 'purgeAt')
          audit(tenant_id, before, digest(tenant))
          return {'OK'}
          """);

  private final Store store;
  private final TenantIndex index;
  private final AuditedChanges changes;
  private final Ids ids;
  private final InstantSource clock;
  private final TenantSettings settings;

  Tenants(
      Store store,
      TenantIndex index,
      AuditedChanges changes,
      Ids ids,
      InstantSource clock,
      TenantSettings settings) {
    this.store = store;
    this.index = index;
    this.changes = changes;
    this.ids = ids;
    this.clock = clock;
    this.settings = settings;
  }

  /** Whether the store holds no tenant at all. */
  public Mono<Boolean> none() {
    return list("", 1).map(page -> page.items().isEmpty());
  }

  /**
   * Creates a tenant, with no key and no prompt yet.
   *
   * @throws AdminProblem through the Mono: 400 for an unfit name, 409 for one that is taken
   */
  public Mono<Tenant> create(Actor actor, String name) {
    return Mono.defer(() -> {
      String checked = Names.check("name", name);
      String id = ids.tenant();
      Instant now = now();
      return claim(checked, id)
          .then(
              changes.apply(
                  CREATE,
                  actor,
                  "tenant.created",
                  new TenantKeys(id),
                  List.of(),
                  List.of(checked, now.toString())))
          .thenReturn(new Tenant(id, checked, TenantStatus.ACTIVE, now, null, null, null, null));
    });
  }

  /** A tenant; fails with 404 where there is none. */
  public Mono<Tenant> get(String id) {
    return find(id).switchIfEmpty(Mono.error(Tenants::unknown));
  }

  /** Tenants by creation, behind this id or from the first. */
  public Mono<Page<Tenant>> list(String after, int limit) {
    return list(after, limit, TenantFilter.ALL);
  }

  /**
   * The tenants that a filter wants. A page that had to look through many others ends early: it may
   * hold fewer than asked for, or none, and still name where to go on.
   */
  Mono<Page<Tenant>> list(String after, int limit, TenantFilter filter) {
    int batch = filter.takesAll() ? limit + 1 : Math.max(limit + 1, SEARCH_BATCH);
    return collect(after, limit, filter, batch, SEARCHED_AT_MOST, List.of());
  }

  /** All tenants by creation, read by and by as they are taken. */
  public Flux<Tenant> all() {
    return list("", TENANTS_PER_READ)
        .expand(page ->
            page.nextCursor() == null ? Mono.empty() : list(page.nextCursor(), TENANTS_PER_READ))
        .concatMapIterable(Page::items);
  }

  /**
   * Gives a tenant another name.
   *
   * @throws AdminProblem through the Mono: 400, 404, 409 for a name that is taken, 412
   */
  public Mono<Tenant> rename(Actor actor, String id, String name, IfMatch expected) {
    return Mono.defer(() -> {
      String checked = Names.check("name", name);
      return get(id)
          .filter(tenant -> expected.allows(tenant.etag()))
          .switchIfEmpty(Mono.error(IfMatch::failed))
          .flatMap(tenant ->
              claim(checked, id)
                  .then(change(RENAME, actor, "tenant.renamed", id, expected.argument(), checked))
                  .then(Mono.defer(() -> release(tenant.name(), checked, id)))
                  .onErrorResume(
                      IfMatch::isFailure,
                      late -> release(checked, tenant.name(), id).then(Mono.error(late))))
          .then(get(id));
    });
  }

  /** Refuses the tenant's requests from now on and ends those that run. */
  public Mono<Tenant> suspend(Actor actor, String id, IfMatch expected) {
    return setStatus(actor, "tenant.suspended", id, TenantStatus.SUSPENDED, expected);
  }

  /** Serves the tenant again. */
  public Mono<Tenant> resume(Actor actor, String id, IfMatch expected) {
    return setStatus(actor, "tenant.resumed", id, TenantStatus.ACTIVE, expected);
  }

  /** Ends a tenant: as if it were not there, but to be restored until it is purged. */
  public Mono<Tenant> delete(Actor actor, String id, IfMatch expected) {
    return Mono.defer(() -> {
      Instant now = now();
      return change(
              DELETE,
              actor,
              "tenant.deleted",
              id,
              expected.argument(),
              now.toString(),
              now.plus(settings.purgeAfter()).toString())
          .then(get(id));
    });
  }

  /** Brings a deleted tenant back as it was; 409 once its purge has begun. */
  public Mono<Tenant> restore(Actor actor, String id) {
    return change(RESTORE, actor, "tenant.restored", id).then(get(id));
  }

  /** The problem of a tenant that is not there. */
  public static AdminProblem unknown() {
    return AdminProblem.notFound("tenant");
  }

  private Mono<Tenant> setStatus(
      Actor actor, String action, String id, TenantStatus status, IfMatch expected) {
    return change(SET_STATUS, actor, action, id, expected.argument(), status.name()).then(get(id));
  }

  private Mono<Void> change(
      RedisScript<List<String>> script, Actor actor, String action, String id, String... args) {
    if (!Ids.isTenant(id)) {
      return Mono.error(Tenants::unknown);
    }
    return changes
        .apply(script, actor, action, new TenantKeys(id), List.of(), List.of(args))
        .flatMap(answer ->
            switch (answer.getFirst()) {
              case "OK" -> Mono.empty();
              case "PURGING" ->
                  Mono.error(
                      AdminProblem.conflict(
                          "tenant-purged", "The tenant's time is over: it is being purged."));
              default -> Mono.error(Tenants::unknown);
            });
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MILLIS);
  }

  /** Gives a name back that the tenant does not have, unless the one it has is the same. */
  private Mono<Void> release(String name, String kept, String id) {
    String released = Names.comparable(name);
    return released.equals(Names.comparable(kept)) ? Mono.empty() : index.release(released, id);
  }

  /** Completes when the tenant has the name, else fails with 409. */
  private Mono<Void> claim(String name, String id) {
    String compared = Names.comparable(name);
    return index
        .claim(compared, id)
        .flatMap(standing ->
            isHeld(standing, compared)
                .flatMap(held ->
                    held ? Mono.error(nameTaken()) : index.claimInstead(compared, id, standing)))
        .flatMap(standing -> Mono.<Void>error(nameTaken()));
  }

  /** Whether a claim is a tenant's name, or may still become one. */
  private Mono<Boolean> isHeld(TenantIndex.Claim claim, String comparedName) {
    if (!index.isSettled(claim)) {
      return Mono.just(true);
    }
    return find(claim.tenantId())
        .map(tenant -> Names.comparable(tenant.name()).equals(comparedName))
        .defaultIfEmpty(false);
  }

  private static AdminProblem nameTaken() {
    return AdminProblem.conflict(
        "tenant-name-taken", "Another tenant has this name; choose one that differs.");
  }

  private Mono<Page<Tenant>> collect(
      String after, int limit, TenantFilter filter, int batch, int left, List<Tenant> before) {
    return index
        .after(after, batch)
        .flatMap(tenantIds ->
            Flux.fromIterable(tenantIds)
                .flatMapSequential(this::findOrForget, CONCURRENT_READS)
                .filter(filter::wants)
                .collectList()
                .flatMap(more -> {
                  List<Tenant> found = new ArrayList<>(before);
                  found.addAll(more);
                  if (found.size() > limit || tenantIds.size() < batch) {
                    return Mono.just(Page.of(found, limit, Tenant::id));
                  }
                  String last = tenantIds.getLast();
                  return left > batch
                      ? collect(last, limit, filter, batch, left - batch, found)
                      : Mono.just(new Page<>(found, last));
                }));
  }

  private Mono<Tenant> findOrForget(String id) {
    return find(id).switchIfEmpty(Mono.defer(() -> index.forgetIfSettled(id).then(Mono.empty())));
  }

  private Mono<Tenant> find(String id) {
    if (!Ids.isTenant(id)) {
      return Mono.empty();
    }
    return store
        .hash(new TenantKeys(id).tenant())
        .filter(fields -> !fields.isEmpty())
        .map(fields -> tenant(id, fields));
  }

  private static Tenant tenant(String id, Map<String, String> fields) {
    return new Tenant(
        id,
        stored(fields, "name"),
        TenantStatus.valueOf(stored(fields, "status")),
        Instant.parse(stored(fields, "createdAt")),
        fields.get("activeVersion"),
        fields.get("previousVersion"),
        instant(fields.get("deletedAt")),
        instant(fields.get("purgeAt")));
  }

  private static @Nullable Instant instant(@Nullable String text) {
    return text == null ? null : Instant.parse(text);
  }

  private static String stored(Map<String, String> fields, String name) {
    String value = fields.get(name);
    if (value == null) {
      throw new IllegalStateException("a stored tenant has no " + name);
    }
    return value;
  }
}
