package dev.baton.admin.systemprompt;

import dev.baton.admin.audit.Actor;
import dev.baton.admin.audit.AuditedChanges;
import dev.baton.admin.http.AdminProblem;
import dev.baton.admin.storage.Ids;
import dev.baton.admin.storage.Store;
import dev.baton.admin.storage.StoreUnavailableException;
import dev.baton.admin.storage.TenantKeys;
import dev.baton.admin.tenant.Tenants;
import dev.baton.engine.EngineException;
import dev.baton.engine.SystemKvKey;
import dev.baton.engine.SystemKvStatus;
import dev.baton.engine.SystemPrompt;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;
import tools.jackson.databind.json.JsonMapper;

/**
 * Switches tenants to prompt versions: filled first, active only when resident, so that no request
 * meets a cold prompt but those that find a tenant's first one on its way, and wait for it.
 *
 * <p>Implementation note: the tenant remembers its latest activation, and only that one may switch:
 * of two at once the later wins, whichever is filled first. The job's record lies with the tenant,
 * so that any node can tell of it; while it runs, its progress is the engine's to tell. A node that
 * dies leaves its jobs unfinished: they count as failed when their time is over.
 */
@Component
public final class Activations {
  private static final Logger log = LoggerFactory.getLogger(Activations.class);
  private static final Pattern ID = Pattern.compile("act_([0-9a-hjkmnp-tv-z]{16})_[0-9a-z]{8}");

  /** The store may be away for a moment just when the prompt is resident. */
  private static final Retry PATIENTLY =
      Retry.fixedDelay(20, Duration.ofMillis(500))
          .filter(StoreUnavailableException.class::isInstance)
          .onRetryExhaustedThrow((retry, signal) -> signal.failure());

  /** Jobs that have ended go when there are many: the audit log is what remembers. */
  private static final String RECORD_JOB =
      """
      local jobs = redis.call('HKEYS', key(1))
      if #jobs >= 100 then
        for _, job in ipairs(jobs) do
          if job ~= redis.call('HGET', tenant, 'activation') then
            redis.call('HDEL', key(1), job)
          end
        end
      end
      redis.call('HSET', key(1), arg(1), arg(2))
      """;

  private static final RedisScript<List<String>> START =
      AuditedChanges.scriptFor(
          """
          if redis.call('HEXISTS', key(2), arg(3)) == 0 then return {'NO_VERSION'} end
          -- The same switch is under way: one job is enough, unless its node died.
          local current = redis.call('HGET', tenant, 'activation')
          local stored = current and redis.call('HGET', key(1), current)
          if stored then
            local job = cjson.decode(stored)
            if job.versionId == arg(3) and job.createdAt > arg(4) then return {'SAME', current} end
          end
          local before = digest(tenant)
          """
              + RECORD_JOB
              + """
              redis.call('HSET', tenant, 'activation', arg(1))
              audit(arg(3), before, digest(tenant))
              return {'OK'}
              """);

  /** The version is active already: only a switch away from it may be under way, and ends. */
  private static final RedisScript<List<String>> STAY =
      AuditedChanges.scriptFor(
          """
          if redis.call('HGET', tenant, 'activeVersion') ~= arg(3) then return {'CHANGED'} end
          """
              + RECORD_JOB
              + """
              if redis.call('HEXISTS', tenant, 'activation') == 1 then
                local before = digest(tenant)
                redis.call('HDEL', tenant, 'activation')
                audit(arg(3), before, digest(tenant))
              end
              return {'OK'}
              """);

  private static final RedisScript<List<String>> SWITCH =
      AuditedChanges.scriptFor(
          """
          if redis.call('HGET', tenant, 'activation') ~= arg(1) then return {'SUPERSEDED'} end
          local before = digest(tenant)
          redis.call('HSET', key(1), arg(1), arg(2))
          local previous = redis.call('HGET', tenant, 'activeVersion')
          if previous then redis.call('HSET', tenant, 'previousVersion', previous) end
          redis.call('HSET', tenant, 'activeVersion', arg(3))
          redis.call('HDEL', tenant, 'activation')
          audit(arg(3), before, digest(tenant))
          return {'OK'}
          """);

  private static final RedisScript<List<String>> FAIL =
      AuditedChanges.scriptFor(
          """
          local stored = redis.call('HGET', key(1), arg(1))
          local state = stored and cjson.decode(stored).state
          if state == 'cancelled' or state == 'active' then return {'ENDED'} end
          redis.call('HSET', key(1), arg(1), arg(2))
          if redis.call('HGET', tenant, 'activation') == arg(1) then
            redis.call('HDEL', tenant, 'activation')
          end
          audit(arg(3), '', '')
          return {'OK'}
          """);

  private static final RedisScript<List<String>> CANCEL =
      AuditedChanges.scriptFor(
          """
          if redis.call('HGET', tenant, 'activation') ~= arg(1) then return {'ENDED'} end
          local before = digest(tenant)
          redis.call('HSET', key(1), arg(1), arg(2))
          redis.call('HDEL', tenant, 'activation')
          audit(arg(3), before, digest(tenant))
          return {'OK'}
          """);

  private final Store store;
  private final AuditedChanges changes;
  private final Tenants tenants;
  private final SystemPrompts prompts;
  private final AttachedEngine engine;
  private final Ids ids;
  private final InstantSource clock;
  private final JsonMapper json;
  private final PromptSettings settings;

  Activations(
      Store store,
      AuditedChanges changes,
      Tenants tenants,
      SystemPrompts prompts,
      AttachedEngine engine,
      Ids ids,
      InstantSource clock,
      JsonMapper json,
      PromptSettings settings) {
    this.store = store;
    this.changes = changes;
    this.tenants = tenants;
    this.prompts = prompts;
    this.engine = engine;
    this.ids = ids;
    this.clock = clock;
    this.json = json;
    this.settings = settings;
  }

  /** A job as it is stored. */
  record Job(String versionId, Activation.State state, @Nullable String error, Instant createdAt) {}

  /**
   * Starts a switch and returns at once; it goes on by itself. The version that is active already
   * gives a job that has ended, and changes nothing; a switch to it that is under way is answered
   * with that job.
   *
   * @throws AdminProblem through the Mono: 404, 422 for a prompt that leaves no room to answer, 503
   *     without an engine
   */
  public Mono<Activation> start(Actor actor, String tenantId, String versionId) {
    return start(actor, "system_prompt.activation_started", tenantId, versionId);
  }

  /** Starts the switch back to the version that was active before; 409 where there was none. */
  Mono<Activation> rollback(Actor actor, String tenantId) {
    return tenants
        .get(tenantId)
        .flatMap(tenant ->
            tenant.previousVersionId() == null
                ? Mono.error(
                    AdminProblem.conflict(
                        "nothing-to-roll-back-to", "No other version was active before this one."))
                : start(
                    actor, "system_prompt.rollback_started", tenantId, tenant.previousVersionId()));
  }

  private Mono<Activation> start(Actor actor, String action, String tenantId, String versionId) {
    return tenants
        .get(tenantId)
        .flatMap(tenant ->
            prompts
                .prompt(tenantId, versionId)
                .flatMap(prompt ->
                    versionId.equals(tenant.activeVersionId())
                        ? stay(actor, tenantId, versionId)
                        : begin(actor, action, prompt)));
  }

  /**
   * Gives a switch up. Its fill ends, unless others want the prompt resident, too.
   *
   * @throws AdminProblem through the Mono: 404; 409 when it has ended
   */
  Mono<Activation> cancel(Actor actor, String id) {
    return get(id)
        .flatMap(activation -> {
          Job cancelled =
              new Job(
                  activation.versionId(),
                  Activation.State.CANCELLED,
                  "Cancelled by an admin.",
                  activation.createdAt());
          return write(
                  CANCEL,
                  actor,
                  "system_prompt.activation_cancelled",
                  activation.tenantId(),
                  id,
                  cancelled)
              .flatMap(answer ->
                  answer.getFirst().equals("OK")
                      ? Mono.empty()
                      : Mono.error(
                          AdminProblem.conflict(
                              "activation-ended",
                              "The activation has ended; there is nothing to cancel.")))
              .then(
                  engine.giveUpFill(new SystemKvKey(activation.tenantId(), activation.versionId())))
              .then(get(id));
        });
  }

  /** How far an activation is; fails with 404 where there is none. */
  public Mono<Activation> get(String id) {
    Matcher form = ID.matcher(id);
    if (!form.matches()) {
      return Mono.error(unknown());
    }
    String tenantId = Ids.tenantOfStem(form.group(1));
    return store
        .field(new TenantKeys(tenantId).activations(), id)
        .switchIfEmpty(Mono.error(Activations::unknown))
        .map(stored -> describe(id, tenantId, json.readValue(stored, Job.class)));
  }

  private Mono<Activation> stay(Actor actor, String tenantId, String versionId) {
    String id = newId(tenantId);
    Job job = new Job(versionId, Activation.State.ACTIVE, null, now());
    return write(STAY, actor, "system_prompt.activation_kept", tenantId, id, job)
        .flatMap(answer ->
            answer.getFirst().equals("OK")
                ? Mono.just(describe(id, tenantId, job))
                : Mono.error(
                    AdminProblem.conflict(
                        "activation-overtaken",
                        "Another activation ended meanwhile; look at the tenant and repeat.")));
  }

  private Mono<Activation> begin(Actor actor, String action, SystemPrompt prompt) {
    String tenantId = prompt.key().tenantId();
    String versionId = prompt.key().versionId();
    String id = newId(tenantId);
    Job job = new Job(versionId, Activation.State.QUEUED, null, now());
    String text = ((SystemPrompt.Text) prompt.source()).text();
    return engine
        .preview(text)
        .doOnNext(prompts::requireRoom)
        .then(write(START, actor, action, tenantId, id, job))
        .flatMap(answer ->
            switch (answer.getFirst()) {
              case "OK" -> {
                Activation started = describe(id, tenantId, job);
                warmThenSwitch(actor, prompt, id, job).subscribe();
                yield Mono.just(started);
              }
              case "SAME" -> get(answer.get(1));
              case "NO_TENANT" -> Mono.error(Tenants.unknown());
              default -> Mono.error(SystemPrompts.unknown());
            });
  }

  private Mono<Void> warmThenSwitch(Actor actor, SystemPrompt prompt, String id, Job job) {
    String tenantId = prompt.key().tenantId();
    Job active = new Job(job.versionId(), Activation.State.ACTIVE, null, job.createdAt());
    return Mono.fromFuture(() -> engine.get().warm(prompt), true)
        .timeout(settings.activationTimeout())
        .flatMap(resident ->
            write(SWITCH, actor, "system_prompt.activated", tenantId, id, active)
                .retryWhen(PATIENTLY))
        .flatMap(answer ->
            answer.getFirst().equals("OK")
                ? Mono.<Void>empty()
                : fail(actor, tenantId, id, job, "A later activation took its place."))
        .onErrorResume(error -> fail(actor, tenantId, id, job, reason(error)));
  }

  private Mono<Void> fail(Actor actor, String tenantId, String id, Job job, String reason) {
    Job failed = new Job(job.versionId(), Activation.State.FAILED, reason, job.createdAt());
    return write(FAIL, actor, "system_prompt.activation_failed", tenantId, id, failed)
        .retryWhen(PATIENTLY)
        .then()
        .onErrorResume(error -> {
          log.warn("tenant={} activation={} its failure could not be stored", tenantId, id);
          return Mono.empty();
        });
  }

  private static String reason(Throwable error) {
    return switch (error) {
      case EngineException engine when engine.getMessage() != null -> engine.getMessage();
      case AdminProblem problem when problem.getMessage() != null -> problem.getMessage();
      case StoreUnavailableException away ->
          "The store was away when the prompt was resident. Activate it again.";
      case TimeoutException late ->
          "The prompt was not resident in time. Activate it again when the engine is less busy.";
      default -> {
        log.error("an activation failed", error);
        yield "A defect or a failed device; the log has the cause.";
      }
    };
  }

  private Mono<List<String>> write(
      RedisScript<List<String>> script,
      Actor actor,
      String action,
      String tenantId,
      String id,
      Job job) {
    TenantKeys tenant = new TenantKeys(tenantId);
    return changes.apply(
        script,
        actor,
        action,
        tenant,
        List.of(tenant.activations(), tenant.texts()),
        List.of(
            id,
            json.writeValueAsString(job),
            job.versionId(),
            now().minus(settings.activationTimeout()).toString()));
  }

  private Activation describe(String id, String tenantId, Job job) {
    SystemKvKey key = new SystemKvKey(tenantId, job.versionId());
    SystemKvStatus kv = engine.find().map(there -> engine.status(key)).orElse(null);
    int filled = kv == null ? 0 : kv.filledTokens();
    int total = kv == null ? 0 : kv.tokens();
    boolean ended = job.state().ended();
    if (!ended && job.createdAt().plus(settings.activationTimeout()).isBefore(clock.instant())) {
      return new Activation(
          id,
          tenantId,
          job.versionId(),
          Activation.State.FAILED,
          filled,
          total,
          "It did not end in time. Activate the version again.",
          job.createdAt());
    }
    return new Activation(
        id,
        tenantId,
        job.versionId(),
        ended || kv == null ? job.state() : progress(kv),
        filled,
        total,
        job.error(),
        job.createdAt());
  }

  private static Activation.State progress(SystemKvStatus kv) {
    return switch (kv.residency()) {
      case FILLING, RESTORING -> Activation.State.FILLING;
      case DEVICE -> Activation.State.RESIDENT;
      case ABSENT, EVICTING, HOST, DISK -> Activation.State.QUEUED;
    };
  }

  private static AdminProblem unknown() {
    return AdminProblem.notFound("activation");
  }

  private String newId(String tenantId) {
    return "act_" + Ids.stem(tenantId) + "_" + ids.random(8);
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MILLIS);
  }
}
