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
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;
import tools.jackson.databind.json.JsonMapper;

/** Movable names of prompt versions, such as {@code canary}. */
@Component
public final class Labels implements TenantData {
  private static final int MAX_LABELS = 100;
  private static final Pattern FORM = Pattern.compile("[a-z][a-z0-9._-]{0,62}[a-z0-9]");

  private static final RedisScript<List<String>> PUT =
      AuditedChanges.scriptFor(
          """
          if redis.call('HEXISTS', key(2), arg(2)) == 0 then return {'NO_VERSION'} end
          local stored = redis.call('HGET', key(1), arg(1))
          if stored then
            if arg(4) == '' then return {'UNSEEN'} end
            if not matches(redis.sha1hex(stored), arg(4)) then return {'STALE'} end
          else
            -- '*' also makes a label: whatever is there may be nothing.
            if arg(4) ~= '' and arg(4) ~= '*' then return {'STALE'} end
            if redis.call('HLEN', key(1)) >= tonumber(arg(5)) then return {'FULL'} end
          end
          redis.call('HSET', key(1), arg(1), arg(3))
          audit(arg(1), stored and redis.sha1hex(stored) or '', redis.sha1hex(arg(3)))
          return {'OK'}
          """);

  private static final RedisScript<List<String>> DELETE =
      AuditedChanges.scriptFor(
          """
          local stored = redis.call('HGET', key(1), arg(1))
          if not stored then return {'NO_LABEL'} end
          if not matches(redis.sha1hex(stored), arg(4)) then return {'STALE'} end
          redis.call('HDEL', key(1), arg(1))
          audit(arg(1), redis.sha1hex(stored), '')
          return {'OK'}
          """);

  private final Store store;
  private final AuditedChanges changes;
  private final Tenants tenants;
  private final InstantSource clock;
  private final JsonMapper json;

  Labels(
      Store store, AuditedChanges changes, Tenants tenants, InstantSource clock, JsonMapper json) {
    this.store = store;
    this.changes = changes;
    this.tenants = tenants;
    this.clock = clock;
    this.json = json;
  }

  /** A label, where it points, and who moved it there. */
  record Label(String label, String versionId, String movedBy, Instant movedAt) {}

  /** A label as it is stored under its name. */
  record Stored(String versionId, String movedBy, Instant movedAt) {
    Label label(String name) {
      return new Label(name, versionId, movedBy, movedAt);
    }
  }

  /** A label and the tag of its state. */
  record Tagged(Label label, String tag) {}

  /** A tenant's labels by name. */
  Mono<List<Label>> list(String tenantId) {
    return tenants
        .get(tenantId)
        .then(store.hash(new TenantKeys(tenantId).labels()))
        .map(stored ->
            stored.entrySet().stream()
                .map(entry -> read(entry.getValue()).label(entry.getKey()))
                .sorted(Comparator.comparing(Label::label))
                .toList());
  }

  /** One label; fails with 404 where there is none. */
  Mono<Tagged> get(String tenantId, String label) {
    requireTenantId(tenantId);
    return stored(tenantId, label)
        .switchIfEmpty(Mono.error(Labels::unknown))
        .map(text -> new Tagged(read(text).label(label), EntityTag.of(text)));
  }

  /** The version that a label names; empty where there is no such label. */
  public Mono<String> version(String tenantId, String label) {
    return FORM.matcher(label).matches()
        ? stored(tenantId, label).map(text -> read(text).versionId())
        : Mono.empty();
  }

  /** Makes a label or moves it; one that is there needs the state that was seen. */
  Mono<Tagged> put(Actor actor, String tenantId, String label, String versionId, String seen) {
    return Mono.defer(() -> {
      requireTenantId(tenantId);
      requireForm(label);
      Stored moved =
          new Stored(versionId, actor.name(), clock.instant().truncatedTo(ChronoUnit.MILLIS));
      String text = json.writeValueAsString(moved);
      return apply(PUT, actor, "label.moved", tenantId, label, versionId, text, seen)
          .thenReturn(new Tagged(moved.label(label), EntityTag.of(text)));
    });
  }

  /** Removes a label; its version stays. */
  Mono<Void> delete(Actor actor, String tenantId, String label, IfMatch seen) {
    return Mono.defer(() -> {
      requireTenantId(tenantId);
      return apply(DELETE, actor, "label.deleted", tenantId, label, "", "", seen.argument());
    });
  }

  @Override
  public List<String> storedAt(String tenantId) {
    return List.of(new TenantKeys(tenantId).labels());
  }

  private Mono<Void> apply(
      RedisScript<List<String>> script,
      Actor actor,
      String action,
      String tenantId,
      String label,
      String versionId,
      String text,
      String seen) {
    TenantKeys tenant = new TenantKeys(tenantId);
    return changes
        .apply(
            script,
            actor,
            action,
            tenant,
            List.of(tenant.labels(), tenant.texts()),
            List.of(label, versionId, text, seen, Integer.toString(MAX_LABELS)))
        .flatMap(answer ->
            switch (answer.getFirst()) {
              case "OK" -> Mono.empty();
              case "NO_TENANT" -> Mono.error(Tenants.unknown());
              case "NO_VERSION" -> Mono.error(SystemPrompts.unknown());
              case "UNSEEN" ->
                  Mono.error(
                      new AdminProblem(
                          HttpStatus.PRECONDITION_REQUIRED,
                          "precondition-required",
                          "The label is there already; send its ETag as 'If-Match', or '*', to move it.",
                          null));
              case "FULL" ->
                  Mono.error(
                      AdminProblem.conflict(
                          "too-many-labels",
                          "The tenant has %d labels and may not have more.".formatted(MAX_LABELS)));
              default -> Mono.error(unknown());
            });
  }

  private Mono<String> stored(String tenantId, String label) {
    return store.field(new TenantKeys(tenantId).labels(), label);
  }

  private static void requireForm(String label) {
    if (!FORM.matcher(label).matches() || SystemPrompts.isVersion(label)) {
      throw AdminProblem.invalid(
          "label",
          "must be 2 to 64 of a-z 0-9 . _ -, begin with a letter, and not look like a version's id");
    }
  }

  private static void requireTenantId(String tenantId) {
    if (!Ids.isTenant(tenantId)) {
      throw Tenants.unknown();
    }
  }

  private Stored read(String stored) {
    return json.readValue(stored, Stored.class);
  }

  private static AdminProblem unknown() {
    return AdminProblem.notFound("label");
  }
}
