package dev.baton.admin.apikey;

import dev.baton.admin.http.AdminProblem;
import dev.baton.admin.storage.BoundedCache;
import dev.baton.admin.storage.ChangeFeed;
import dev.baton.admin.storage.ChangeFeed.AnythingChanged;
import dev.baton.admin.storage.ChangeFeed.TenantChanged;
import dev.baton.admin.storage.RefreshAhead;
import dev.baton.admin.storage.Scripts;
import dev.baton.admin.storage.Store;
import dev.baton.admin.storage.StoreUnavailableException;
import dev.baton.admin.storage.TenantKeys;
import dev.baton.admin.systemprompt.Labels;
import dev.baton.admin.systemprompt.SystemPrompts;
import dev.baton.admin.tenant.TenantStatus;
import dev.baton.engine.SystemKvKey;
import dev.baton.engine.SystemPrompt;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.ContextRefreshedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.stereotype.Component;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import tools.jackson.databind.json.JsonMapper;

/**
 * Who a presented key speaks for, and which prompt answers it: the active version. While a tenant's
 * first activation is under way its requests get that version, too, and wait for it in the engine:
 * they would else be answered without any prompt.
 *
 * <p>Implementation note: what a node knows of a key is believed for {@code
 * baton.admin.key-cache-time}, asked anew before that ends while it is in use, and forgotten at
 * once when the change feed names the tenant; after a gap in the feed everything is asked anew.
 * While Redis is away, a known key goes on working until {@code baton.admin.key-grace} after it was
 * last confirmed; then, and for unknown keys at once, the answer is an error and never a guess.
 * Expiry is checked on each call. The cache's keys are digests, so that no secret lies in memory
 * longer than its request.
 */
@Component
public final class TenantDirectory {
  private static final Logger log = LoggerFactory.getLogger(TenantDirectory.class);

  /** How long known keys are answered without asking a store that has just failed. */
  private static final Duration STORE_PAUSE = Duration.ofSeconds(1);

  private static final Duration USE_PRECISION = Duration.ofMinutes(5);

  private static final RedisScript<List<String>> LOOK_UP =
      Scripts.of(
          """
          local stored = redis.call('HGET', KEYS[2], ARGV[1])
          local status = redis.call('HGET', KEYS[1], 'status')
          if not stored or not status or status == 'DELETED' or status == 'PURGING'
              or redis.call('HEXISTS', KEYS[3], ARGV[1]) == 1 then
            return {'NONE'}
          end
          local version = redis.call('HGET', KEYS[1], 'activeVersion')
          if not version then
            -- The first activation: there is no older prompt to answer with, and none would not do.
            local activation = redis.call('HGET', KEYS[1], 'activation')
            local job = activation and redis.call('HGET', KEYS[4], activation)
            version = job and cjson.decode(job).versionId
          end
          return {'OK', status, version or '', stored}
          """);

  private final Store store;
  private final ChangeFeed feed;
  private final SystemPrompts prompts;
  private final Labels labels;
  private final InstantSource clock;
  private final JsonMapper json;
  private final KeySettings settings;
  private final BoundedCache<String, Known> keys;
  private final RefreshAhead<String> ahead;
  private final BoundedCache<SystemKvKey, SystemPrompt> texts;
  private final BoundedCache<String, Instant> uses;
  private final AtomicLong changesSeen = new AtomicLong();
  private final Disposable.Swap subscription = Disposables.swap();
  private volatile Instant storeFailedAt = Instant.MIN;

  /** What is known of a key, and when Redis confirmed it. */
  private record Known(
      String tenantId,
      String keyId,
      TenantStatus status,
      String promptVersion,
      Set<KeyScope> scopes,
      @Nullable Instant expiresAt,
      Instant confirmedAt) {

    boolean isConfirmedWithin(Duration time, Instant now) {
      return now.isBefore(confirmedAt.plus(time));
    }
  }

  TenantDirectory(
      Store store,
      ChangeFeed feed,
      SystemPrompts prompts,
      Labels labels,
      InstantSource clock,
      JsonMapper json,
      KeySettings settings) {
    this.store = store;
    this.feed = feed;
    this.prompts = prompts;
    this.labels = labels;
    this.clock = clock;
    this.json = json;
    this.settings = settings;
    keys = new BoundedCache<>(settings.keyCacheSize(), known -> 1);
    ahead = new RefreshAhead<>(settings.keyCacheTime());
    uses = new BoundedCache<>(settings.keyCacheSize(), used -> 1);
    texts =
        new BoundedCache<>(
            settings.promptCacheCharacters(),
            prompt -> ((SystemPrompt.Text) prompt.source()).text().length());
  }

  @EventListener(ContextRefreshedEvent.class)
  void follow() {
    subscription.update(
        feed.changes().subscribe(this::forget, error -> log.error("the change feed ended", error)));
  }

  /** While Redis' client still lives: it is asked to end the subscription. */
  @EventListener(ContextClosedEvent.class)
  void stopFollowing() {
    subscription.dispose();
  }

  /**
   * Resolves a key.
   *
   * @return empty for an unknown, expired, revoked or malformed key; fails with {@link
   *     StoreUnavailableException} when it can not be told
   */
  public Mono<TenantAccess> authenticate(String presentedKey) {
    return Mono.justOrEmpty(KeyText.parse(presentedKey))
        .flatMap(this::known)
        .filter(known -> known.expiresAt() == null || clock.instant().isBefore(known.expiresAt()))
        .flatMap(this::access);
  }

  /**
   * The access of a key with another version of its tenant's prompt, for one request.
   *
   * @param versionOrLabel a version's id or a label
   * @return empty where the tenant has no such version
   */
  public Mono<TenantAccess> select(TenantAccess access, String versionOrLabel) {
    Mono<String> version =
        SystemPrompts.isVersion(versionOrLabel)
            ? Mono.just(versionOrLabel)
            : labels.version(access.tenantId(), versionOrLabel);
    return version
        .flatMap(id -> known(new SystemKvKey(access.tenantId(), id)))
        .map(prompt ->
            new TenantAccess(
                access.tenantId(), access.keyId(), access.status(), access.scopes(), prompt));
  }

  /** How a key stands now, whatever is remembered of it. */
  public enum Standing {
    SERVED,
    SUSPENDED,
    /** Revoked, or its tenant is gone. */
    REFUSED
  }

  /** Asks the store how a key that was proven before stands now. */
  public Mono<Standing> standing(String tenantId, String keyId) {
    TenantKeys tenant = new TenantKeys(tenantId);
    return store
        .read(LOOK_UP, lookedUp(tenant), keyId)
        .map(answer -> {
          if (answer.getFirst().equals("NONE")) {
            return Standing.REFUSED;
          }
          return TenantStatus.valueOf(answer.get(1)) == TenantStatus.SUSPENDED
              ? Standing.SUSPENDED
              : Standing.SERVED;
        });
  }

  private Mono<Known> known(KeyText key) {
    String digest = key.sha256();
    Known known = keys.get(digest);
    Instant now = clock.instant();
    if (known == null) {
      return lookUp(key, digest);
    }
    if (known.isConfirmedWithin(settings.keyCacheTime(), now)) {
      ahead.consider(digest, known.confirmedAt(), now, () -> lookUp(key, digest));
      return Mono.just(known);
    }
    if (known.isConfirmedWithin(settings.keyGrace(), now)
        && now.isBefore(storeFailedAt.plus(STORE_PAUSE))) {
      return Mono.just(known);
    }
    return lookUp(key, digest)
        .onErrorResume(
            StoreUnavailableException.class,
            away -> {
              storeFailedAt = clock.instant();
              return known.isConfirmedWithin(settings.keyGrace(), clock.instant())
                  ? Mono.just(known)
                  : Mono.error(away);
            });
  }

  private Mono<Known> lookUp(KeyText key, String digest) {
    return Mono.defer(() -> {
      long seen = changesSeen.get();
      TenantKeys tenant = new TenantKeys(key.tenantId());
      return store
          .read(LOOK_UP, lookedUp(tenant), key.keyId())
          .flatMap(answer -> Mono.justOrEmpty(proven(key, digest, answer)))
          .doOnNext(known -> {
            keys.put(digest, known);
            // A change that came in between would else be overwritten with older knowledge. Kept
            // nevertheless for the grace: the store may go away before it is asked again.
            if (changesSeen.get() != seen) {
              keys.put(digest, unconfirmed(known));
            }
          })
          .switchIfEmpty(Mono.fromRunnable(() -> keys.remove(digest)));
    });
  }

  private static List<String> lookedUp(TenantKeys tenant) {
    return List.of(tenant.tenant(), tenant.keys(), tenant.revoked(), tenant.activations());
  }

  private @Nullable Known proven(KeyText key, String digest, List<String> answer) {
    if (answer.getFirst().equals("NONE")) {
      return null;
    }
    StoredKey stored = json.readValue(answer.get(3), StoredKey.class);
    boolean present = isEqual(digest, stored.sha256());
    boolean former = stored.previousSha256() != null && isEqual(digest, stored.previousSha256());
    return present || former
        ? new Known(
            key.tenantId(),
            key.keyId(),
            TenantStatus.valueOf(answer.get(1)),
            answer.get(2),
            stored.allowed(),
            present ? stored.expiresAt() : earlier(stored.expiresAt(), stored.previousUntil()),
            clock.instant())
        : null;
  }

  private static boolean isEqual(String digest, String stored) {
    return MessageDigest.isEqual(
        digest.getBytes(StandardCharsets.US_ASCII), stored.getBytes(StandardCharsets.US_ASCII));
  }

  private static @Nullable Instant earlier(@Nullable Instant a, @Nullable Instant b) {
    if (a == null || b == null) {
      return a == null ? b : a;
    }
    return a.isBefore(b) ? a : b;
  }

  private Mono<TenantAccess> access(Known known) {
    noteUse(known);
    return known.promptVersion().isEmpty()
        ? Mono.just(access(known, null))
        : text(new SystemKvKey(known.tenantId(), known.promptVersion()))
            .map(prompt -> access(known, prompt));
  }

  private static TenantAccess access(Known known, @Nullable SystemPrompt prompt) {
    return new TenantAccess(
        known.tenantId(), known.keyId(), known.status(), known.scopes(), prompt);
  }

  private Mono<SystemPrompt> text(SystemKvKey key) {
    return known(key)
        .switchIfEmpty(
            Mono.error(() ->
                new IllegalStateException("the text of a tenant's prompt version is missing")));
  }

  /** Versions are immutable: their texts are never forgotten for age. */
  private Mono<SystemPrompt> known(SystemKvKey key) {
    SystemPrompt known = texts.get(key);
    return known != null
        ? Mono.just(known)
        : prompts
            .prompt(key.tenantId(), key.versionId())
            .doOnNext(prompt -> texts.put(key, prompt))
            .onErrorResume(AdminProblem.class, gone -> Mono.empty());
  }

  /** Coarse, and never in a request's way. */
  private void noteUse(Known known) {
    Instant now = clock.instant();
    String id = known.tenantId() + known.keyId();
    Instant last = uses.get(id);
    if (last != null && now.isBefore(last.plus(USE_PRECISION))) {
      return;
    }
    uses.put(id, now);
    store
        .read(redis ->
            redis
                .opsForHash()
                .put(new TenantKeys(known.tenantId()).used(), known.keyId(), now.toString()))
        .subscribe(
            written -> {},
            error -> log.debug("tenant={} last use of a key not stored", known.tenantId()));
  }

  private void forget(ChangeFeed.Change change) {
    changesSeen.incrementAndGet();
    switch (change) {
      case TenantChanged changed ->
          keys.removeIf(known -> known.tenantId().equals(changed.tenantId()));
      // Kept for the grace, but asked anew before they are used again.
      case AnythingChanged gap -> keys.replaceAll(this::unconfirmed);
    }
  }

  private Known unconfirmed(Known known) {
    Instant longAgo = clock.instant().minus(settings.keyCacheTime());
    return longAgo.isBefore(known.confirmedAt())
        ? new Known(
            known.tenantId(),
            known.keyId(),
            known.status(),
            known.promptVersion(),
            known.scopes(),
            known.expiresAt(),
            longAgo)
        : known;
  }
}
