package dev.baton.admin.apikey;

import dev.baton.admin.audit.Actor;
import dev.baton.admin.audit.AuditedChanges;
import dev.baton.admin.http.AdminProblem;
import dev.baton.admin.http.EntityTag;
import dev.baton.admin.http.IfMatch;
import dev.baton.admin.http.Names;
import dev.baton.admin.storage.Ids;
import dev.baton.admin.storage.Store;
import dev.baton.admin.storage.TenantKeys;
import dev.baton.admin.tenant.TenantData;
import dev.baton.admin.tenant.Tenants;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;
import tools.jackson.databind.json.JsonMapper;

/** The tenants' API keys. */
@Component
public final class ApiKeys implements TenantData {
  private static final RedisScript<List<String>> ISSUE =
      AuditedChanges.scriptFor(
          """
          if redis.call('HLEN', key(1)) >= tonumber(arg(3)) then return {'FULL'} end
          if redis.call('HSETNX', key(1), arg(1), arg(2)) == 0 then return {'EXISTS'} end
          audit(arg(1), '', redis.sha1hex(arg(2)))
          return {'OK'}
          """);

  /** From the state that was read to the next one; a state in between is stale. */
  private static final RedisScript<List<String>> UPDATE =
      AuditedChanges.scriptFor(
          """
          local stored = redis.call('HGET', key(1), arg(1))
          if not stored then return {'NO_KEY'} end
          if redis.call('HEXISTS', key(2), arg(1)) == 1 then return {'REVOKED'} end
          if stored ~= arg(2) then return {'STALE'} end
          if stored == arg(3) then return {'OK'} end
          redis.call('HSET', key(1), arg(1), arg(3))
          audit(arg(1), redis.sha1hex(stored), redis.sha1hex(arg(3)))
          return {'OK'}
          """);

  private static final RedisScript<List<String>> REVOKE =
      AuditedChanges.scriptFor(
          """
          local stored = redis.call('HGET', key(1), arg(1))
          if not stored then return {'NO_KEY'} end
          local revoked = redis.call('HGET', key(2), arg(1)) or ''
          if not matches(redis.sha1hex(stored .. '\\n' .. revoked), arg(3)) then return {'STALE'} end
          if redis.call('HSETNX', key(2), arg(1), arg(2)) == 1 then
            audit(arg(1), redis.sha1hex(stored), redis.sha1hex(stored .. arg(2)))
          end
          return {'OK'}
          """);

  private final Store store;
  private final AuditedChanges changes;
  private final Tenants tenants;
  private final Ids ids;
  private final InstantSource clock;
  private final JsonMapper json;
  private final KeySettings settings;

  ApiKeys(
      Store store,
      AuditedChanges changes,
      Tenants tenants,
      Ids ids,
      InstantSource clock,
      JsonMapper json,
      KeySettings settings) {
    this.store = store;
    this.changes = changes;
    this.tenants = tenants;
    this.ids = ids;
    this.clock = clock;
    this.json = json;
    this.settings = settings;
  }

  /** A key and the tag of its state. */
  record Tagged(ApiKey key, String tag) {}

  /** A key as it was read. */
  private record Found(StoredKey key, String text, String revoked) {
    String tag() {
      return EntityTag.of(text + "\n" + revoked);
    }
  }

  /** Issues a key that may what keys usually may. */
  public Mono<IssuedKey> issue(
      Actor actor, String tenantId, String name, @Nullable Instant expiresAt) {
    return issue(actor, tenantId, name, KeyScope.USUAL, expiresAt);
  }

  /**
   * Issues a key; its secret is in the answer and nowhere else.
   *
   * @param expiresAt from then on it is refused; null is never
   * @throws AdminProblem through the Mono: 400, 404 without such a tenant, 409 with too many keys
   */
  public Mono<IssuedKey> issue(
      Actor actor,
      String tenantId,
      String name,
      Set<KeyScope> scopes,
      @Nullable Instant expiresAt) {
    return Mono.defer(() -> {
      String checked = Names.check("name", name);
      Instant now = now();
      requireFuture(expiresAt, now);
      requireTenantId(tenantId);
      TenantKeys tenant = new TenantKeys(tenantId);
      KeyText key = KeyText.random(tenantId, ids);
      StoredKey stored =
          new StoredKey(
              checked, key.sha256(), now, expiresAt, ApiKey.sorted(scopes), null, null, null);
      return changes
          .apply(
              ISSUE,
              actor,
              "api_key.created",
              tenant,
              List.of(tenant.keys()),
              List.of(
                  key.keyId(),
                  json.writeValueAsString(stored),
                  Integer.toString(settings.maxKeys())))
          .map(answer ->
              switch (answer.getFirst()) {
                case "OK" -> IssuedKey.of(key, stored);
                case "FULL" ->
                    throw AdminProblem.conflict(
                        "too-many-keys",
                        "The tenant has %d keys, revoked ones included, and may not have more."
                            .formatted(settings.maxKeys()));
                case "NO_TENANT" -> throw Tenants.unknown();
                default ->
                    throw AdminProblem.conflict(
                        "key-id-taken", "By chance the key's id was taken; try again.");
              });
    });
  }

  /** A tenant's keys by creation, revoked and expired ones too. */
  public Mono<List<ApiKey>> list(String tenantId) {
    TenantKeys tenant = new TenantKeys(tenantId);
    return tenants
        .get(tenantId)
        .then(
            Mono.zip(
                    store.hash(tenant.keys()),
                    store.hash(tenant.revoked()),
                    store.hash(tenant.used()))
                .map(read ->
                    read.getT1().entrySet().stream()
                        .map(stored ->
                            ApiKey.of(
                                tenantId,
                                stored.getKey(),
                                read(stored.getValue()),
                                instant(read.getT2().get(stored.getKey())),
                                instant(read.getT3().get(stored.getKey()))))
                        .sorted(Comparator.comparing(ApiKey::createdAt).thenComparing(ApiKey::id))
                        .toList()));
  }

  /** One key; fails with 404 where there is none. */
  Mono<Tagged> get(String tenantId, String keyId) {
    return find(tenantId, keyId)
        .zipWith(field(new TenantKeys(tenantId).used(), keyId))
        .map(read ->
            new Tagged(
                ApiKey.of(
                    tenantId,
                    keyId,
                    read.getT1().key(),
                    instant(read.getT1().revoked()),
                    instant(read.getT2())),
                read.getT1().tag()));
  }

  /**
   * Changes what a key is called, until when it is valid and what it may.
   *
   * @throws AdminProblem through the Mono: 400, 404, 409 for a revoked key, 412
   */
  Mono<Tagged> update(
      Actor actor, String tenantId, String keyId, KeyChange change, IfMatch expected) {
    return Mono.defer(
            () -> {
              requireFuture(change.expiresAt(), now());
              return change(actor, "api_key.updated", tenantId, keyId, expected, change::applyTo);
            })
        .then(get(tenantId, keyId));
  }

  /**
   * Gives a key another secret; the one before goes on working for a while, so that clients can be
   * changed one by one. A rotation during that while ends the oldest secret at once.
   *
   * @param grace how long the former secret works; null is the setting's
   */
  Mono<IssuedKey> rotate(
      Actor actor, String tenantId, String keyId, @Nullable Duration grace, IfMatch expected) {
    return Mono.defer(() -> {
      Duration chosen = grace == null ? settings.rotationGrace() : grace;
      if (chosen.isNegative() || chosen.compareTo(KeySettings.MAX_ROTATION_GRACE) > 0) {
        throw AdminProblem.invalid(
            "graceSeconds", "must be between 0 and " + KeySettings.MAX_ROTATION_GRACE.toSeconds());
      }
      Instant now = now();
      KeyText key = KeyText.random(tenantId, keyId, ids);
      return change(
              actor,
              "api_key.rotated",
              tenantId,
              keyId,
              expected,
              stored -> stored.rotated(key.sha256(), now, now.plus(chosen)))
          .map(stored -> IssuedKey.of(key, stored));
    });
  }

  /** Revokes a key: refused on every node within a moment. Revoking it again changes nothing. */
  public Mono<Void> revoke(Actor actor, String tenantId, String keyId, IfMatch expected) {
    return Mono.defer(() -> {
      requireTenantId(tenantId);
      TenantKeys tenant = new TenantKeys(tenantId);
      return changes
          .apply(
              REVOKE,
              actor,
              "api_key.revoked",
              tenant,
              List.of(tenant.keys(), tenant.revoked()),
              List.of(keyId, now().toString(), expected.argument()))
          .flatMap(answer -> requireOk(answer.getFirst()));
    });
  }

  @Override
  public List<String> storedAt(String tenantId) {
    TenantKeys tenant = new TenantKeys(tenantId);
    return List.of(tenant.keys(), tenant.revoked(), tenant.used());
  }

  private Mono<StoredKey> change(
      Actor actor,
      String action,
      String tenantId,
      String keyId,
      IfMatch expected,
      UnaryOperator<StoredKey> change) {
    TenantKeys tenant = new TenantKeys(tenantId);
    return find(tenantId, keyId)
        .flatMap(found -> {
          if (!expected.allows(found.tag())) {
            return Mono.<StoredKey>error(IfMatch.failed());
          }
          StoredKey next = change.apply(found.key());
          return changes
              .apply(
                  UPDATE,
                  actor,
                  action,
                  tenant,
                  List.of(tenant.keys(), tenant.revoked()),
                  List.of(keyId, found.text(), json.writeValueAsString(next)))
              .flatMap(answer -> requireOk(answer.getFirst()))
              .thenReturn(next);
        })
        // Whoever takes any state meant the one that came in between, too.
        .retryWhen(
            Retry.max(5)
                .filter(error -> expected.equals(IfMatch.WHATEVER) && IfMatch.isFailure(error))
                .onRetryExhaustedThrow((retry, signal) -> signal.failure()));
  }

  private static Mono<Void> requireOk(String answer) {
    return switch (answer) {
      case "OK" -> Mono.empty();
      case "NO_TENANT" -> Mono.error(Tenants.unknown());
      case "REVOKED" ->
          Mono.error(
              AdminProblem.conflict("key-revoked", "The key is revoked for good; issue another."));
      default -> Mono.error(unknown());
    };
  }

  private Mono<Found> find(String tenantId, String keyId) {
    return Mono.defer(() -> {
      requireTenantId(tenantId);
      TenantKeys tenant = new TenantKeys(tenantId);
      return field(tenant.keys(), keyId)
          .filter(text -> !text.isEmpty())
          .switchIfEmpty(
              Mono.defer(() -> tenants.get(tenantId).then(Mono.<String>error(unknown()))))
          .zipWith(field(tenant.revoked(), keyId))
          .map(read -> new Found(read(read.getT1()), read.getT1(), read.getT2()));
    });
  }

  private static AdminProblem unknown() {
    return AdminProblem.notFound("API key");
  }

  private static void requireTenantId(String tenantId) {
    if (!Ids.isTenant(tenantId)) {
      throw Tenants.unknown();
    }
  }

  private static void requireFuture(@Nullable Instant expiresAt, Instant now) {
    if (expiresAt != null && !expiresAt.isAfter(now)) {
      throw AdminProblem.invalid("expiresAt", "must be in the future");
    }
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MILLIS);
  }

  private StoredKey read(String stored) {
    return json.readValue(stored, StoredKey.class);
  }

  /** A hash's field, empty where there is none. */
  private Mono<String> field(String hash, String field) {
    return store.field(hash, field).defaultIfEmpty("");
  }

  private static @Nullable Instant instant(@Nullable String text) {
    return text == null || text.isEmpty() ? null : Instant.parse(text);
  }
}
