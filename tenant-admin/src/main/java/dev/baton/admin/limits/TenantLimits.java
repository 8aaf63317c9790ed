package dev.baton.admin.limits;

import dev.baton.admin.audit.Actor;
import dev.baton.admin.audit.AuditedChanges;
import dev.baton.admin.http.AdminProblem;
import dev.baton.admin.http.EntityTag;
import dev.baton.admin.http.IfMatch;
import dev.baton.admin.storage.Ids;
import dev.baton.admin.storage.Scripts;
import dev.baton.admin.storage.Store;
import dev.baton.admin.storage.TenantKeys;
import dev.baton.admin.tenant.Tenants;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;
import tools.jackson.databind.json.JsonMapper;

/** The limits of tenants and of their keys, as admins set them. */
@Component
public final class TenantLimits {
  /** Names the tenant's own limits among those of its keys; no key has such an id. */
  static final String TENANT = "tenant";

  private static final RedisScript<List<String>> GET =
      Scripts.of(
          """
          if redis.call('EXISTS', KEYS[1]) == 0 then return {'NO_TENANT'} end
          if ARGV[1] ~= 'tenant' and redis.call('HEXISTS', KEYS[3], ARGV[1]) == 0 then
            return {'NO_KEY'}
          end
          return {'OK', redis.call('HGET', KEYS[2], ARGV[1]) or ''}
          """);

  /** Sets one field, or removes it where the new text is empty. */
  private static final RedisScript<List<String>> SET =
      AuditedChanges.scriptFor(
          """
          local limits, whose, text = key(1), arg(1), arg(2)
          if whose ~= 'tenant' and redis.call('HEXISTS', key(2), whose) == 0 then
            return {'NO_KEY'}
          end
          local stored = redis.call('HGET', limits, whose) or ''
          if not matches(redis.sha1hex(stored), arg(3)) then return {'CHANGED'} end
          if stored == text then return {'OK'} end
          if text == '' then redis.call('HDEL', limits, whose)
          else redis.call('HSET', limits, whose, text) end
          audit(whose == 'tenant' and tenant_id or whose,
            stored == '' and '' or redis.sha1hex(stored), text == '' and '' or redis.sha1hex(text))
          return {'OK'}
          """);

  private final Store store;
  private final AuditedChanges changes;
  private final JsonMapper json;

  TenantLimits(Store store, AuditedChanges changes, JsonMapper json) {
    this.store = store;
    this.changes = changes;
    this.json = json;
  }

  /**
   * The limits of a tenant or a key; none where none were set.
   *
   * @param keyId null for the tenant's own
   */
  public Mono<StoredLimits> get(String tenantId, @Nullable String keyId) {
    TenantKeys tenant = tenant(tenantId);
    return store
        .read(GET, List.of(tenant.tenant(), tenant.limits(), tenant.keys()), field(keyId))
        .map(TenantLimits::found)
        .map(answer -> stored(answer.get(1)));
  }

  /** Replaces all limits of a tenant or a key; in force on every node within a moment. */
  public Mono<StoredLimits> put(
      Actor actor, String tenantId, @Nullable String keyId, Limits limits, IfMatch seen) {
    String text = json.writeValueAsString(limits);
    return set(actor, "limits.updated", tenantId, keyId, text, seen).thenReturn(stored(text));
  }

  /** Removes the limits of a key: those of its tenant remain. */
  public Mono<Void> delete(Actor actor, String tenantId, String keyId, IfMatch seen) {
    return set(actor, "limits.deleted", tenantId, keyId, "", seen);
  }

  private Mono<Void> set(
      Actor actor,
      String action,
      String tenantId,
      @Nullable String keyId,
      String text,
      IfMatch seen) {
    TenantKeys tenant = tenant(tenantId);
    return changes
        .apply(
            SET,
            actor,
            action,
            tenant,
            List.of(tenant.limits(), tenant.keys()),
            List.of(field(keyId), text, seen.argument()))
        .map(TenantLimits::found)
        .then();
  }

  private StoredLimits stored(String text) {
    return new StoredLimits(parse(json, text), EntityTag.of(text));
  }

  static Limits parse(JsonMapper json, String text) {
    return text.isEmpty() ? Limits.NONE : json.readValue(text, Limits.class);
  }

  private static List<String> found(List<String> answer) {
    return switch (answer.getFirst()) {
      case "OK" -> answer;
      case "NO_TENANT" -> throw Tenants.unknown();
      case "NO_KEY" -> throw AdminProblem.notFound("API key");
      default -> throw IfMatch.failed();
    };
  }

  private static TenantKeys tenant(String id) {
    if (!Ids.isTenant(id)) {
      throw Tenants.unknown();
    }
    return new TenantKeys(id);
  }

  private static String field(@Nullable String keyId) {
    if (TENANT.equals(keyId)) {
      throw AdminProblem.notFound("API key");
    }
    return keyId == null ? TENANT : keyId;
  }
}
