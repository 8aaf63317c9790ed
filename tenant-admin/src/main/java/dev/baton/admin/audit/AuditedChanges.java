package dev.baton.admin.audit;

import dev.baton.admin.http.AdminProblem;
import dev.baton.admin.http.IfMatch;
import dev.baton.admin.storage.ChangeFeed;
import dev.baton.admin.storage.Scripts;
import dev.baton.admin.storage.Store;
import dev.baton.admin.storage.TenantKeys;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;

/**
 * The one way to change a tenant: a script that writes the change and its audit entry together and
 * tells all nodes.
 */
@Component
public final class AuditedChanges {
  private static final int OWN_KEYS = 2;

  /** What every script sees; bodies number their own keys and arguments from {@code key} on. */
  private static final String PRELUDE =
      """
      local tenant, log = KEYS[1], KEYS[2]
      local tenant_id, actor, action = ARGV[1], ARGV[2], ARGV[3]
      local function key(i) return KEYS[2 + i] end
      local function arg(i) return ARGV[3 + i] end
      -- A hash's fields and values in one digest: shows that something changed, not what.
      local function digest(hash)
        local all, names, state = redis.call('HGETALL', hash), {}, {}
        if #all == 0 then return '' end
        for i = 1, #all, 2 do
          names[#names + 1] = all[i]
          state[all[i]] = all[i + 1]
        end
        table.sort(names)
        for i, name in ipairs(names) do
          names[i] = #name .. ':' .. name .. '=' .. #state[name] .. ':' .. state[name]
        end
        return redis.sha1hex(table.concat(names, ';'))
      end
      -- A tenant's tag: over what its representation shows (see Tenant.etag).
      local function tenant_tag()
        local state = redis.call('HMGET', tenant, 'name', 'status', 'createdAt', 'activeVersion',
          'deletedAt')
        for i = 1, 5 do state[i] = state[i] or '' end
        return redis.sha1hex(table.concat(state, '\\n'))
      end
      -- Whether a resource's tag is among those of an If-Match, which is '*' or quoted tags.
      local function matches(tag, wanted)
        return wanted == '*' or string.find(wanted, '"' .. tag .. '"', 1, true) ~= nil
      end
      local function audit(object, before, after)
        redis.call('XADD', log, '*', 'actor', actor, 'action', action, 'object', object,
          'before', before, 'after', after)
        redis.call('PUBLISH', '%s', tenant_id)
      end
      """
          .formatted(ChangeFeed.CHANNEL);

  private static final String EXISTING =
      "if redis.call('EXISTS', tenant) == 0 then return {'NO_TENANT'} end\n";

  private static final String NOT_DELETED =
      """
      local status = redis.call('HGET', tenant, 'status')
      if status == 'DELETED' or status == 'PURGING' then return {'DELETED'} end
      """;

  private static final RedisScript<List<String>> NOTE =
      scriptFor("audit(arg(1), '', '') return {'OK'}");

  private final Store store;

  AuditedChanges(Store store) {
    this.store = store;
  }

  /**
   * A script for a tenant that must exist; answers {@code NO_TENANT} where it does not. On a
   * deleted one it does nothing, and {@link #apply} fails with 409.
   */
  public static RedisScript<List<String>> scriptFor(String body) {
    return Scripts.of(PRELUDE + EXISTING + NOT_DELETED + body);
  }

  /** A script for a tenant that must exist, deleted or not. */
  public static RedisScript<List<String>> scriptForAny(String body) {
    return Scripts.of(PRELUDE + EXISTING + body);
  }

  /** A script for a tenant that need not exist. */
  public static RedisScript<List<String>> scriptForNew(String body) {
    return Scripts.of(PRELUDE + body);
  }

  /**
   * Runs a script and completes when change and entry are on disk. What the script answers is the
   * caller's to tell, but for {@code DELETED} (409) and {@code STALE} (412: not the state that an
   * If-Match expects).
   */
  public Mono<List<String>> apply(
      RedisScript<List<String>> script,
      Actor actor,
      String action,
      TenantKeys tenant,
      List<String> keys,
      List<String> args) {
    List<String> allKeys = new ArrayList<>(keys.size() + OWN_KEYS);
    allKeys.add(tenant.tenant());
    allKeys.add(tenant.audit());
    allKeys.addAll(keys);
    List<String> allArgs =
        Stream.concat(Stream.of(tenant.tenantId(), actor.name(), action), args.stream()).toList();
    return store
        .write(script, allKeys, allArgs)
        .doOnNext(answer -> {
          switch (answer.getFirst()) {
            case "DELETED" -> throw tenantDeleted();
            case "STALE" -> throw IfMatch.failed();
            default -> {}
          }
        });
  }

  private static AdminProblem tenantDeleted() {
    return AdminProblem.conflict(
        "tenant-deleted", "The tenant is deleted and can not be changed; restore it first.");
  }

  /** Writes the entry of a command that changes nothing in the store. */
  public Mono<List<String>> note(Actor actor, String action, TenantKeys tenant, String object) {
    return apply(NOTE, actor, action, tenant, List.of(), List.of(object));
  }
}
