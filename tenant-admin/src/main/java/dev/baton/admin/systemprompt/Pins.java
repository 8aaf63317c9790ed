package dev.baton.admin.systemprompt;

import dev.baton.admin.audit.Actor;
import dev.baton.admin.audit.AuditedChanges;
import dev.baton.admin.http.AdminProblem;
import dev.baton.admin.http.EntityTag;
import dev.baton.admin.http.IfMatch;
import dev.baton.admin.storage.Ids;
import dev.baton.admin.storage.Store;
import dev.baton.admin.storage.TenantKeys;
import dev.baton.admin.tenant.TenantData;
import dev.baton.admin.tenant.Tenants;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;
import tools.jackson.databind.json.JsonMapper;

/**
 * Who pinned which prompt versions, and how much a tenant may pin. The device has a budget of its
 * own, which the engine keeps; pins outlive the engine, whose start pins them again.
 */
@Component
public final class Pins implements TenantData {
  /** Where the tenant keeps its own budget, in bytes. */
  private static final String BUDGET = "pinBudget";

  // The tenant's budget and the check of it are one step with the pin; arg(4) is the platform's.
  private static final RedisScript<List<String>> PIN =
      AuditedChanges.scriptFor(
          """
          if redis.call('HEXISTS', key(2), arg(1)) == 0 then return {'NO_VERSION'} end
          local pinned, all = 0, redis.call('HGETALL', key(1))
          for i = 1, #all, 2 do
            if all[i] ~= arg(1) then pinned = pinned + cjson.decode(all[i + 1]).bytes end
          end
          local budget = redis.call('HGET', tenant, 'pinBudget') or arg(4)
          if pinned + tonumber(arg(3)) > tonumber(budget) then
            return {'OVER', string.format('%.0f', pinned), budget}
          end
          local before = redis.call('HGET', key(1), arg(1))
          if not before then redis.call('HSET', key(1), arg(1), arg(2)) end
          audit(arg(1), before and redis.sha1hex(before) or '',
            redis.sha1hex(redis.call('HGET', key(1), arg(1))))
          return {'OK'}
          """);

  private static final RedisScript<List<String>> UNPIN =
      AuditedChanges.scriptFor(
          """
          if redis.call('HEXISTS', key(2), arg(1)) == 0 then return {'NO_VERSION'} end
          local before = redis.call('HGET', key(1), arg(1))
          redis.call('HDEL', key(1), arg(1))
          audit(arg(1), before and redis.sha1hex(before) or '', '')
          return {'OK'}
          """);

  /** Sets the tenant's own budget, or removes it where the new text is empty. */
  private static final RedisScript<List<String>> SET_BUDGET =
      AuditedChanges.scriptFor(
          """
          local stored = redis.call('HGET', tenant, 'pinBudget') or ''
          if not matches(redis.sha1hex(stored), arg(2)) then return {'STALE'} end
          if stored == arg(1) then return {'OK'} end
          local before = digest(tenant)
          if arg(1) == '' then redis.call('HDEL', tenant, 'pinBudget')
          else redis.call('HSET', tenant, 'pinBudget', arg(1)) end
          audit(tenant_id, before, digest(tenant))
          return {'OK'}
          """);

  private final Store store;
  private final AuditedChanges changes;
  private final InstantSource clock;
  private final JsonMapper json;
  private final PromptSettings settings;
  private final Tenants tenants;

  Pins(
      Store store,
      AuditedChanges changes,
      InstantSource clock,
      JsonMapper json,
      PromptSettings settings,
      Tenants tenants) {
    this.store = store;
    this.changes = changes;
    this.clock = clock;
    this.json = json;
    this.settings = settings;
    this.tenants = tenants;
  }

  /**
   * A pin.
   *
   * @param by who asked for it
   * @param bytes the system KV's, as they count in the tenant's budget
   */
  record Pin(String by, Instant at, long bytes) {}

  /**
   * What a tenant may pin and has pinned.
   *
   * @param bytes its own budget; null where the platform's holds
   * @param platformBytes the platform's for every tenant; null where the device's alone holds
   */
  record Budget(@Nullable Long bytes, @Nullable Long platformBytes, long pinnedBytes) {
    /** Of what an admin can change. */
    String etag() {
      return EntityTag.of(text(bytes));
    }

    private static String text(@Nullable Long bytes) {
      return bytes == null ? "" : bytes.toString();
    }
  }

  /** A tenant's pins by version. */
  Mono<Map<String, Pin>> of(String tenantId) {
    return store
        .hash(new TenantKeys(tenantId).pins())
        .map(stored ->
            stored.entrySet().stream()
                .collect(
                    Collectors.toMap(
                        Map.Entry::getKey, pin -> json.readValue(pin.getValue(), Pin.class))));
  }

  /** A tenant's budget and what of it is taken; fails with 404 where there is no such tenant. */
  Mono<Budget> budget(String tenantId) {
    return tenants
        .get(tenantId)
        .then(
            Mono.zip(
                store.field(new TenantKeys(tenantId).tenant(), BUDGET).defaultIfEmpty(""),
                of(tenantId)))
        .map(read -> {
          String own = read.getT1();
          return new Budget(
              own.isEmpty() ? null : Long.valueOf(own),
              settings.tenantPinBudget() == null ? null : settings.tenantPinBudget().toBytes(),
              read.getT2().values().stream().mapToLong(Pin::bytes).sum());
        });
  }

  /**
   * Sets what a tenant may pin. What it has pinned beyond stays; nothing more is pinned until it is
   * within.
   *
   * @param bytes null gives it the platform's budget again
   * @throws AdminProblem through the Mono: 400, 404, 412
   */
  Mono<Budget> setBudget(Actor actor, String tenantId, @Nullable Long bytes, IfMatch seen) {
    return Mono.defer(() -> {
      if (bytes != null && (bytes < 0 || bytes > PromptSettings.MOST_BYTES)) {
        throw AdminProblem.invalid(
            "bytes",
            "must be between 0 and %d, or null for the platform's budget"
                .formatted(PromptSettings.MOST_BYTES));
      }
      if (!Ids.isTenant(tenantId)) {
        throw Tenants.unknown();
      }
      return apply(
              SET_BUDGET,
              actor,
              "tenant.pin_budget_set",
              tenantId,
              Budget.text(bytes),
              seen.argument())
          .then(budget(tenantId));
    });
  }

  /** The versions that a tenant has pinned. */
  public Mono<Set<String>> versions(String tenantId) {
    return of(tenantId).map(Map::keySet);
  }

  /**
   * Takes down a pin before the engine is told.
   *
   * @param bytes its system KV's
   * @throws AdminProblem through the Mono: 404; 409 past the tenant's budget, with both numbers
   */
  Mono<Void> pin(Actor actor, String tenantId, String versionId, long bytes) {
    Pin pin = new Pin(actor.name(), clock.instant().truncatedTo(ChronoUnit.MILLIS), bytes);
    return apply(
            PIN,
            actor,
            "system_kv.pinned",
            tenantId,
            versionId,
            json.writeValueAsString(pin),
            Long.toString(bytes),
            Long.toString(settings.tenantPinBudgetBytes()))
        .flatMap(answer ->
            answer.getFirst().equals("OVER")
                ? Mono.error(
                    overBudget(Long.parseLong(answer.get(1)), bytes, Long.parseLong(answer.get(2))))
                : Mono.empty());
  }

  /** Forgets a pin. */
  Mono<Void> unpin(Actor actor, String action, String tenantId, String versionId) {
    return apply(UNPIN, actor, action, tenantId, versionId).then();
  }

  @Override
  public List<String> storedAt(String tenantId) {
    return List.of(new TenantKeys(tenantId).pins());
  }

  private Mono<List<String>> apply(
      RedisScript<List<String>> script,
      Actor actor,
      String action,
      String tenantId,
      String... args) {
    TenantKeys tenant = new TenantKeys(tenantId);
    return changes
        .apply(script, actor, action, tenant, List.of(tenant.pins(), tenant.texts()), List.of(args))
        .doOnNext(answer -> {
          switch (answer.getFirst()) {
            case "NO_TENANT" -> throw Tenants.unknown();
            case "NO_VERSION" -> throw SystemPrompts.unknown();
            default -> {}
          }
        });
  }

  private static AdminProblem overBudget(long pinned, long bytes, long budget) {
    return AdminProblem.conflict(
            "tenant-pin-budget-exceeded",
            "The tenant has pinned %d bytes; %d more are over its budget of %d. Unpin another version first."
                .formatted(pinned, bytes, budget))
        .with("pinnedBytes", pinned)
        .with("neededBytes", bytes)
        .with("pinBudgetBytes", budget);
  }
}
