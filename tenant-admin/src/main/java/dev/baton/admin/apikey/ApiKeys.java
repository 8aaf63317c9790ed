package dev.baton.admin.apikey;

import dev.baton.admin.audit.Actor;
import dev.baton.admin.audit.AuditedChanges;
import dev.baton.admin.http.AdminProblem;
import dev.baton.admin.http.Names;
import dev.baton.admin.storage.Ids;
import dev.baton.admin.storage.Store;
import dev.baton.admin.storage.TenantKeys;
import dev.baton.admin.tenant.Tenants;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;
import tools.jackson.databind.json.JsonMapper;

/** The tenants' API keys. */
@Component
public final class ApiKeys {
  private static final RedisScript<List<String>> ISSUE =
      AuditedChanges.scriptFor(
          """
          if redis.call('HLEN', key(1)) >= tonumber(arg(3)) then return {'FULL'} end
          if redis.call('HSETNX', key(1), arg(1), arg(2)) == 0 then return {'EXISTS'} end
          audit(arg(1), '', redis.sha1hex(arg(2)))
          return {'OK'}
          """);

  private static final RedisScript<List<String>> REVOKE =
      AuditedChanges.scriptFor(
          """
          local stored = redis.call('HGET', key(1), arg(1))
          if not stored then return {'NO_KEY'} end
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

  /**
   * Issues a key; its secret is in the answer and nowhere else.
   *
   * @param expiresAt from then on it is refused; null is never
   * @throws AdminProblem through the Mono: 400, 404 without such a tenant, 409 with too many keys
   */
  public Mono<IssuedKey> issue(
      Actor actor, String tenantId, String name, @Nullable Instant expiresAt) {
    return Mono.defer(() -> {
      String checked = Names.check("name", name);
      Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
      if (expiresAt != null && !expiresAt.isAfter(now)) {
        throw AdminProblem.invalid("expiresAt", "must be in the future");
      }
      requireTenantId(tenantId);
      TenantKeys tenant = new TenantKeys(tenantId);
      KeyText key = KeyText.random(tenantId, ids);
      String stored = json.writeValueAsString(new StoredKey(checked, key.sha256(), now, expiresAt));
      return changes
          .apply(
              ISSUE,
              actor,
              "api_key.created",
              tenant,
              List.of(tenant.keys()),
              List.of(key.keyId(), stored, Integer.toString(settings.maxKeys())))
          .map(answer ->
              switch (answer.getFirst()) {
                case "OK" ->
                    new IssuedKey(
                        key.keyId(),
                        checked,
                        KeyText.prefix(tenantId, key.keyId()),
                        now,
                        expiresAt,
                        key.text());
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
            Mono.zip(hash(tenant.keys()), hash(tenant.revoked()), hash(tenant.used()))
                .map(read ->
                    read.getT1().entrySet().stream()
                        .map(stored ->
                            describe(
                                tenantId,
                                stored.getKey(),
                                json.readValue(stored.getValue(), StoredKey.class),
                                read.getT2(),
                                read.getT3()))
                        .sorted(Comparator.comparing(ApiKey::createdAt).thenComparing(ApiKey::id))
                        .toList()));
  }

  /** Revokes a key: refused on every node within a moment. Revoking it again changes nothing. */
  public Mono<Void> revoke(Actor actor, String tenantId, String keyId) {
    return Mono.defer(() -> {
      requireTenantId(tenantId);
      TenantKeys tenant = new TenantKeys(tenantId);
      Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
      return changes
          .apply(
              REVOKE,
              actor,
              "api_key.revoked",
              tenant,
              List.of(tenant.keys(), tenant.revoked()),
              List.of(keyId, now.toString()))
          .flatMap(answer ->
              switch (answer.getFirst()) {
                case "OK" -> Mono.<Void>empty();
                case "NO_TENANT" -> Mono.error(Tenants.unknown());
                default -> Mono.error(AdminProblem.notFound("API key"));
              });
    });
  }

  private static void requireTenantId(String tenantId) {
    if (!Ids.isTenant(tenantId)) {
      throw Tenants.unknown();
    }
  }

  private Mono<Map<String, String>> hash(String key) {
    return store.read(redis ->
        redis
            .<String, String>opsForHash()
            .entries(key)
            .collectMap(Map.Entry::getKey, Map.Entry::getValue));
  }

  private static ApiKey describe(
      String tenantId,
      String id,
      StoredKey key,
      Map<String, String> revoked,
      Map<String, String> used) {
    return new ApiKey(
        id,
        key.name(),
        KeyText.prefix(tenantId, id),
        key.createdAt(),
        key.expiresAt(),
        instant(revoked.get(id)),
        instant(used.get(id)));
  }

  private static @Nullable Instant instant(@Nullable String text) {
    return text == null ? null : Instant.parse(text);
  }
}
