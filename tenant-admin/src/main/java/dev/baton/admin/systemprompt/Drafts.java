package dev.baton.admin.systemprompt;

import dev.baton.admin.audit.Actor;
import dev.baton.admin.audit.AuditedChanges;
import dev.baton.admin.http.AdminProblem;
import dev.baton.admin.http.EntityTag;
import dev.baton.admin.http.IfMatch;
import dev.baton.admin.http.Names;
import dev.baton.admin.storage.Ids;
import dev.baton.admin.storage.Scripts;
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
import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;
import tools.jackson.databind.json.JsonMapper;

/**
 * Prompts that are being written: changed by whoever has seen their latest state, then published.
 */
@Component
final class Drafts implements TenantData {
  private static final Pattern ID = Pattern.compile("drf_[0-9a-z]{12}");

  // A draft's stored JSON and its text, read together.
  private static final RedisScript<List<String>> GET =
      Scripts.of(
          """
          local draft = redis.call('HGET', KEYS[1], ARGV[1])
          if not draft then return {} end
          return {draft, redis.call('HGET', KEYS[2], ARGV[1])}
          """);

  private static final RedisScript<List<String>> CREATE =
      AuditedChanges.scriptFor(
          """
          if redis.call('HLEN', key(1)) >= tonumber(arg(4)) then return {'FULL'} end
          redis.call('HSET', key(1), arg(1), arg(2))
          redis.call('HSET', key(2), arg(1), arg(3))
          audit(arg(1), '', redis.sha1hex(arg(2)))
          return {'OK'}
          """);

  private static final RedisScript<List<String>> UPDATE =
      AuditedChanges.scriptFor(
          """
          local stored = redis.call('HGET', key(1), arg(1))
          if not stored then return {'NO_DRAFT'} end
          if not matches(redis.sha1hex(stored), arg(4)) then return {'STALE'} end
          redis.call('HSET', key(1), arg(1), arg(2))
          redis.call('HSET', key(2), arg(1), arg(3))
          audit(arg(1), redis.sha1hex(stored), redis.sha1hex(arg(2)))
          return {'OK'}
          """);

  private static final RedisScript<List<String>> DELETE =
      AuditedChanges.scriptFor(
          """
          local stored = redis.call('HGET', key(1), arg(1))
          if not stored then return {'NO_DRAFT'} end
          if not matches(redis.sha1hex(stored), arg(2)) then return {'STALE'} end
          redis.call('HDEL', key(1), arg(1))
          redis.call('HDEL', key(2), arg(1))
          audit(arg(1), redis.sha1hex(stored), '')
          return {'OK'}
          """);

  /** The text moves from the draft that was measured to the version; one that changed is stale. */
  private static final RedisScript<List<String>> PUBLISH =
      AuditedChanges.scriptFor(
          """
          local stored = redis.call('HGET', key(1), arg(1))
          if not stored then return {'NO_DRAFT'} end
          if stored ~= arg(2) then return {'STALE'} end
          if redis.call('HLEN', key(3)) >= tonumber(arg(4)) then return {'FULL'} end
          local id = 'v' .. redis.call('HINCRBY', tenant, 'versions', 1)
          redis.call('HSET', key(3), id, arg(3))
          redis.call('HSET', key(4), id, redis.call('HGET', key(2), arg(1)))
          redis.call('HDEL', key(1), arg(1))
          redis.call('HDEL', key(2), arg(1))
          audit(id, '', redis.sha1hex(arg(3)))
          return {'OK', id}
          """);

  private final Store store;
  private final AuditedChanges changes;
  private final Tenants tenants;
  private final SystemPrompts prompts;
  private final Ids ids;
  private final InstantSource clock;
  private final JsonMapper json;
  private final PromptSettings settings;

  Drafts(
      Store store,
      AuditedChanges changes,
      Tenants tenants,
      SystemPrompts prompts,
      Ids ids,
      InstantSource clock,
      JsonMapper json,
      PromptSettings settings) {
    this.store = store;
    this.changes = changes;
    this.tenants = tenants;
    this.prompts = prompts;
    this.ids = ids;
    this.clock = clock;
    this.json = json;
    this.settings = settings;
  }

  /** A draft with the tag of its state. */
  record Saved(Draft draft, String tag) {}

  /** A draft as it was read. */
  record Found(StoredDraft stored, String state, String text) {
    String tag() {
      return EntityTag.of(state);
    }
  }

  /** A tenant's drafts, the last saved first. */
  Mono<List<Draft>> list(String tenantId) {
    return tenants
        .get(tenantId)
        .then(store.hash(new TenantKeys(tenantId).drafts()))
        .map(stored ->
            stored.entrySet().stream()
                .map(entry -> read(entry.getValue()).draft(entry.getKey()))
                .sorted(Comparator.comparing(Draft::updatedAt).reversed())
                .toList());
  }

  /** One draft with its text; fails with 404 where there is none. */
  Mono<Found> get(String tenantId, String draftId) {
    if (!Ids.isTenant(tenantId)) {
      return Mono.error(Tenants.unknown());
    }
    TenantKeys tenant = new TenantKeys(tenantId);
    return ID.matcher(draftId).matches()
        ? store
            .read(GET, List.of(tenant.drafts(), tenant.draftTexts()), draftId)
            .filter(answer -> !answer.isEmpty())
            .map(answer -> new Found(read(answer.getFirst()), answer.getFirst(), answer.get(1)))
            .switchIfEmpty(Mono.defer(() -> tenants.get(tenantId).then(Mono.error(unknown()))))
        : Mono.error(unknown());
  }

  /** Begins a draft. */
  Mono<Saved> create(Actor actor, String tenantId, String title, String text) {
    return Mono.defer(() -> {
      requireTenantId(tenantId);
      String id = "drf_" + ids.random(12);
      Instant now = now();
      StoredDraft draft = stored(actor.name(), actor, now, now, title, text);
      return write(
          CREATE,
          actor,
          "draft.created",
          tenantId,
          id,
          draft,
          text,
          Integer.toString(settings.maxDrafts()));
    });
  }

  /** Replaces a draft whose latest state the editor has seen. */
  Mono<Saved> update(
      Actor actor, String tenantId, String draftId, String title, String text, IfMatch seen) {
    return get(tenantId, draftId)
        .flatMap(found -> {
          StoredDraft before = found.stored();
          StoredDraft draft =
              stored(before.author(), actor, before.createdAt(), now(), title, text);
          return write(
              UPDATE, actor, "draft.updated", tenantId, draftId, draft, text, seen.argument());
        });
  }

  /** Throws a draft away. */
  Mono<Void> delete(Actor actor, String tenantId, String draftId, IfMatch seen) {
    return Mono.defer(() -> {
      requireTenantId(tenantId);
      return apply(DELETE, actor, "draft.deleted", tenantId, draftId, seen.argument()).then();
    });
  }

  /** Makes a draft the next immutable version, and ends it. */
  Mono<PromptVersion> publish(
      Actor actor, String tenantId, String draftId, @Nullable String message, IfMatch seen) {
    return get(tenantId, draftId)
        .flatMap(found -> {
          if (!seen.allows(found.tag())) {
            return Mono.error(IfMatch.failed());
          }
          return prompts
              .measured(found.text(), PromptTexts.checkMessage(message), actor.name())
              .flatMap(version ->
                  apply(
                          PUBLISH,
                          actor,
                          "draft.published",
                          tenantId,
                          draftId,
                          found.state(),
                          json.writeValueAsString(version),
                          Integer.toString(settings.maxVersions()))
                      .map(answer -> version.version(answer.get(1))));
        });
  }

  @Override
  public List<String> storedAt(String tenantId) {
    TenantKeys tenant = new TenantKeys(tenantId);
    return List.of(tenant.drafts(), tenant.draftTexts());
  }

  private Mono<Saved> write(
      RedisScript<List<String>> script,
      Actor actor,
      String action,
      String tenantId,
      String id,
      StoredDraft draft,
      String text,
      String condition) {
    String state = json.writeValueAsString(draft);
    return apply(script, actor, action, tenantId, id, state, text, condition)
        .thenReturn(new Saved(draft.draft(id), EntityTag.of(state)));
  }

  private Mono<List<String>> apply(
      RedisScript<List<String>> script,
      Actor actor,
      String action,
      String tenantId,
      String... args) {
    TenantKeys tenant = new TenantKeys(tenantId);
    return changes
        .apply(
            script,
            actor,
            action,
            tenant,
            List.of(tenant.drafts(), tenant.draftTexts(), tenant.prompts(), tenant.texts()),
            List.of(args))
        .doOnNext(answer -> {
          switch (answer.getFirst()) {
            case "OK" -> {}
            case "NO_TENANT" -> throw Tenants.unknown();
            case "FULL" ->
                throw AdminProblem.conflict(
                    "too-many-prompts",
                    "The tenant has as many as it may: %d drafts, %d versions."
                        .formatted(settings.maxDrafts(), settings.maxVersions()));
            default -> throw unknown();
          }
        });
  }

  private static StoredDraft stored(
      String author, Actor editor, Instant createdAt, Instant now, String title, String text) {
    PromptTexts.check(text);
    return new StoredDraft(
        Names.check("title", title),
        author,
        editor.name(),
        createdAt,
        now,
        SystemPrompts.sha256(text),
        text.codePointCount(0, text.length()));
  }

  private static void requireTenantId(String tenantId) {
    if (!Ids.isTenant(tenantId)) {
      throw Tenants.unknown();
    }
  }

  private StoredDraft read(String stored) {
    return json.readValue(stored, StoredDraft.class);
  }

  private static AdminProblem unknown() {
    return AdminProblem.notFound("draft");
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MILLIS);
  }
}
