package dev.baton.admin.tenant;

import dev.baton.admin.audit.Actor;
import dev.baton.admin.audit.AuditedChanges;
import dev.baton.admin.http.AdminProblem;
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
import java.util.Locale;
import java.util.Map;
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

  private static final RedisScript<List<String>> CREATE =
      AuditedChanges.scriptForNew(
          """
          if redis.call('EXISTS', tenant) == 1 then return {'EXISTS'} end
          redis.call('HSET', tenant, 'name', arg(1), 'status', 'ACTIVE', 'createdAt', arg(2))
          audit(tenant_id, '', digest(tenant))
          return {'OK'}
          """);

  /** Sets one field; where it has that value already, nothing happened. */
  private static final RedisScript<List<String>> SET =
      AuditedChanges.scriptFor(
          """
          if redis.call('HGET', tenant, arg(1)) == arg(2) then return {'OK'} end
          local before = digest(tenant)
          redis.call('HSET', tenant, arg(1), arg(2))
          audit(tenant_id, before, digest(tenant))
          return {'OK'}
          """);

  private final Store store;
  private final TenantIndex index;
  private final AuditedChanges changes;
  private final Ids ids;
  private final InstantSource clock;

  Tenants(Store store, TenantIndex index, AuditedChanges changes, Ids ids, InstantSource clock) {
    this.store = store;
    this.index = index;
    this.changes = changes;
    this.ids = ids;
    this.clock = clock;
  }

  /** Whether the store holds no tenant at all. */
  public Mono<Boolean> none() {
    return list("", 1).map(page -> page.data().isEmpty());
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
      Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
      return claim(checked, id)
          .then(
              changes.apply(
                  CREATE,
                  actor,
                  "tenant.created",
                  new TenantKeys(id),
                  List.of(),
                  List.of(checked, now.toString())))
          .thenReturn(new Tenant(id, checked, TenantStatus.ACTIVE, now, null));
    });
  }

  /** A tenant; fails with 404 where there is none. */
  public Mono<Tenant> get(String id) {
    return find(id).switchIfEmpty(Mono.error(Tenants::unknown));
  }

  /** Tenants by creation, behind this id or from the first. */
  public Mono<Page<Tenant>> list(String after, int limit) {
    return collect(after, limit + 1, List.of()).map(found -> Page.of(found, limit));
  }

  /** Gives a tenant another name. */
  public Mono<Tenant> rename(Actor actor, String id, String name) {
    return Mono.defer(() -> {
      String checked = Names.check("name", name);
      return get(id)
          .flatMap(tenant ->
              claim(checked, id)
                  .then(set(actor, "tenant.renamed", id, "name", checked))
                  .then(releaseOld(tenant, checked)))
          .then(get(id));
    });
  }

  /** Refuses the tenant's requests from now on. */
  public Mono<Tenant> suspend(Actor actor, String id) {
    return setStatus(actor, "tenant.suspended", id, TenantStatus.SUSPENDED);
  }

  /** Serves the tenant again. */
  public Mono<Tenant> resume(Actor actor, String id) {
    return setStatus(actor, "tenant.resumed", id, TenantStatus.ACTIVE);
  }

  /** The problem of a tenant that is not there. */
  public static AdminProblem unknown() {
    return AdminProblem.notFound("tenant");
  }

  private Mono<Tenant> setStatus(Actor actor, String action, String id, TenantStatus status) {
    return find(id)
        .switchIfEmpty(Mono.error(Tenants::unknown))
        .then(set(actor, action, id, "status", status.name()))
        .then(get(id));
  }

  private Mono<Void> set(Actor actor, String action, String id, String field, String value) {
    return changes
        .apply(SET, actor, action, new TenantKeys(id), List.of(), List.of(field, value))
        .flatMap(
            answer -> answer.getFirst().equals("OK") ? Mono.empty() : Mono.error(Tenants::unknown));
  }

  private Mono<Void> releaseOld(Tenant before, String newName) {
    String old = Names.comparable(before.name());
    return old.equals(Names.comparable(newName)) ? Mono.empty() : index.release(old, before.id());
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

  private Mono<List<Tenant>> collect(String after, int wanted, List<Tenant> found) {
    int missing = wanted - found.size();
    return index
        .after(after, missing)
        .flatMap(tenantIds ->
            Flux.fromIterable(tenantIds)
                .flatMapSequential(this::findOrForget, CONCURRENT_READS)
                .collectList()
                .flatMap(more -> {
                  List<Tenant> all = new ArrayList<>(found);
                  all.addAll(more);
                  return all.size() == wanted || tenantIds.size() < missing
                      ? Mono.just(all)
                      : collect(tenantIds.getLast(), wanted, all);
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
        .read(redis ->
            redis
                .<String, String>opsForHash()
                .entries(new TenantKeys(id).tenant())
                .collectMap(Map.Entry::getKey, Map.Entry::getValue))
        .filter(fields -> !fields.isEmpty())
        .map(fields -> tenant(id, fields));
  }

  private static Tenant tenant(String id, Map<String, String> fields) {
    return new Tenant(
        id,
        stored(fields, "name"),
        TenantStatus.valueOf(stored(fields, "status").toUpperCase(Locale.ROOT)),
        Instant.parse(stored(fields, "createdAt")),
        fields.get("activeVersion"));
  }

  private static String stored(Map<String, String> fields, String name) {
    String value = fields.get(name);
    if (value == null) {
      throw new IllegalStateException("a stored tenant has no " + name);
    }
    return value;
  }
}
