package dev.baton.admin.systemprompt;

import dev.baton.admin.audit.Actor;
import dev.baton.admin.audit.AuditedChanges;
import dev.baton.admin.http.AdminProblem;
import dev.baton.admin.http.Names;
import dev.baton.admin.storage.Ids;
import dev.baton.admin.storage.Store;
import dev.baton.admin.storage.TenantKeys;
import dev.baton.admin.tenant.TenantData;
import dev.baton.admin.tenant.Tenants;
import dev.baton.engine.PromptPreview;
import dev.baton.engine.SystemKvKey;
import dev.baton.engine.SystemPrompt;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import tools.jackson.databind.json.JsonMapper;

/** The versions of tenants' system prompts: immutable, numbered per tenant. */
@Component
public final class SystemPrompts implements TenantData {
  private static final Pattern VERSION = Pattern.compile("v[1-9][0-9]{0,5}");

  private static final RedisScript<List<String>> REGISTER =
      AuditedChanges.scriptFor(
          """
          if redis.call('HLEN', key(1)) >= tonumber(arg(4)) then return {'FULL'} end
          local id = 'v' .. redis.call('HINCRBY', tenant, 'versions', 1)
          redis.call('HSET', key(1), id, arg(1))
          redis.call('HSET', key(2), id, arg(2))
          audit(id, '', arg(3))
          return {'OK', id}
          """);

  private final Store store;
  private final AuditedChanges changes;
  private final Tenants tenants;
  private final AttachedEngine engine;
  private final InstantSource clock;
  private final JsonMapper json;
  private final PromptSettings settings;

  SystemPrompts(
      Store store,
      AuditedChanges changes,
      Tenants tenants,
      AttachedEngine engine,
      InstantSource clock,
      JsonMapper json,
      PromptSettings settings) {
    this.store = store;
    this.changes = changes;
    this.tenants = tenants;
    this.engine = engine;
    this.clock = clock;
    this.json = json;
    this.settings = settings;
  }

  /**
   * Registers an immutable version. With an engine at hand its cost is taken down, and a prompt
   * that leaves no room to answer is refused.
   *
   * @param message what changed, or null
   * @param author who wrote it; null is the actor
   * @throws AdminProblem through the Mono: 400, 404, 409 with too many versions, 422 when too long
   */
  public Mono<PromptVersion> register(
      Actor actor,
      String tenantId,
      String text,
      @Nullable String message,
      @Nullable String author) {
    return Mono.defer(() -> {
      String checkedMessage = PromptTexts.checkMessage(message);
      String checkedAuthor = author == null ? actor.name() : Names.check("author", author);
      return tenants
          .get(tenantId)
          .then(measured(text, checkedMessage, checkedAuthor))
          .flatMap(stored -> write(actor, tenantId, text, stored));
    });
  }

  /** A version to be, with its cost where an engine is at hand; 422 when it leaves no room. */
  Mono<StoredPrompt> measured(String text, String message, String author) {
    return Mono.defer(() -> {
      PromptTexts.check(text);
      return cost(text).map(cost -> stored(text, message, author, cost));
    });
  }

  private Mono<Optional<PromptPreview>> cost(String text) {
    return engine.find().isEmpty()
        ? Mono.just(Optional.empty())
        : engine.preview(text).doOnNext(this::requireRoom).map(Optional::of);
  }

  private StoredPrompt stored(
      String text, String message, String author, Optional<PromptPreview> cost) {
    return new StoredPrompt(
        message,
        author,
        clock.instant().truncatedTo(ChronoUnit.MILLIS),
        sha256(text),
        text.codePointCount(0, text.length()),
        cost.map(PromptPreview::tokens).orElse(null),
        cost.map(PromptPreview::kvBytes).orElse(null));
  }

  private Mono<PromptVersion> write(
      Actor actor, String tenantId, String text, StoredPrompt stored) {
    TenantKeys tenant = new TenantKeys(tenantId);
    return changes
        .apply(
            REGISTER,
            actor,
            "system_prompt.registered",
            tenant,
            List.of(tenant.prompts(), tenant.texts()),
            List.of(
                json.writeValueAsString(stored),
                text,
                stored.sha256(),
                Integer.toString(settings.maxVersions())))
        .map(answer ->
            switch (answer.getFirst()) {
              case "OK" -> stored.version(answer.get(1));
              case "NO_TENANT" -> throw Tenants.unknown();
              default ->
                  throw AdminProblem.conflict(
                      "too-many-versions",
                      "The tenant has %d prompt versions and may not have more."
                          .formatted(settings.maxVersions()));
            });
  }

  /** Refuses a prompt that leaves no room to answer. */
  void requireRoom(PromptPreview cost) {
    if (cost.remainingTokens() < settings.minRemainingTokens()) {
      throw new AdminProblem(
              HttpStatus.UNPROCESSABLE_CONTENT,
              "context-length-exceeded",
              ("The prompt has %d tokens of the model's %d and leaves %d for a request and its"
                      + " answer; at least %d must remain. Shorten the prompt.")
                  .formatted(
                      cost.tokens(),
                      cost.contextLength(),
                      Math.max(0, cost.remainingTokens()),
                      settings.minRemainingTokens()),
              null)
          .with("tokens", cost.tokens())
          .with("contextLength", cost.contextLength());
    }
  }

  /** What a prompt would cost, registered or not, and what is suspicious in it. */
  Mono<PromptCost> preview(String tenantId, String text) {
    return Mono.defer(() -> {
      PromptTexts.check(text);
      return tenants
          .get(tenantId)
          .then(engine.preview(text))
          .publishOn(Schedulers.boundedElastic())
          .map(cost -> PromptCost.of(cost, text, settings.minRemainingTokens()));
    });
  }

  /** What changed from one version to another. */
  Mono<PromptDiff> diff(String tenantId, String from, String to) {
    return Mono.zip(text(tenantId, from), text(tenantId, to))
        .publishOn(Schedulers.boundedElastic())
        .map(texts -> PromptDiff.between(texts.getT1(), texts.getT2()));
  }

  private Mono<String> text(String tenantId, String versionId) {
    return field(tenantId, versionId, TenantKeys::texts);
  }

  /** A tenant's versions, the newest first, without their texts. */
  public Mono<List<PromptVersion>> list(String tenantId) {
    return tenants
        .get(tenantId)
        .then(store.hash(new TenantKeys(tenantId).prompts()))
        .map(stored ->
            stored.entrySet().stream()
                .map(entry -> read(entry.getValue()).version(entry.getKey()))
                .sorted(Comparator.comparingInt(SystemPrompts::number).reversed())
                .toList());
  }

  /** One version; fails with 404 where there is none. */
  public Mono<PromptVersion> get(String tenantId, String versionId) {
    return field(tenantId, versionId, TenantKeys::prompts)
        .map(stored -> read(stored).version(versionId));
  }

  /** A version as the engine takes it; fails with 404 where there is none. */
  public Mono<SystemPrompt> prompt(String tenantId, String versionId) {
    return text(tenantId, versionId)
        .map(text ->
            new SystemPrompt(new SystemKvKey(tenantId, versionId), new SystemPrompt.Text(text)));
  }

  /** Frees the tenant's system KVs; fails while one is in use. */
  @Override
  public Mono<Void> free(String tenantId) {
    return engine.evictAll(tenantId);
  }

  @Override
  public List<String> storedAt(String tenantId) {
    TenantKeys tenant = new TenantKeys(tenantId);
    return List.of(tenant.prompts(), tenant.texts(), tenant.activations());
  }

  private Mono<String> field(String tenantId, String versionId, Function<TenantKeys, String> hash) {
    if (!Ids.isTenant(tenantId)) {
      return Mono.error(Tenants.unknown());
    }
    if (!VERSION.matcher(versionId).matches()) {
      return Mono.error(unknown());
    }
    return store
        .field(hash.apply(new TenantKeys(tenantId)), versionId)
        .switchIfEmpty(Mono.defer(() -> tenants.get(tenantId).then(Mono.<String>error(unknown()))));
  }

  static AdminProblem unknown() {
    return AdminProblem.notFound("prompt version");
  }

  private StoredPrompt read(String stored) {
    return json.readValue(stored, StoredPrompt.class);
  }

  private static int number(PromptVersion version) {
    return Integer.parseInt(version.id().substring(1));
  }

  /** Whether a text has the form of a version's id. */
  public static boolean isVersion(String text) {
    return VERSION.matcher(text).matches();
  }

  static String sha256(String text) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
