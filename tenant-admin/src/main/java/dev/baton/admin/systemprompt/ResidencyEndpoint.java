package dev.baton.admin.systemprompt;

import dev.baton.admin.audit.Actor;
import dev.baton.admin.audit.AuditedChanges;
import dev.baton.admin.http.AdminProblem;
import dev.baton.admin.http.Page;
import dev.baton.admin.storage.TenantKeys;
import dev.baton.admin.tenant.Tenant;
import dev.baton.admin.tenant.Tenants;
import dev.baton.engine.Engine;
import dev.baton.engine.EngineException;
import dev.baton.engine.EngineModel;
import dev.baton.engine.EngineStatistics;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.Residency;
import dev.baton.engine.SystemKvStatus;
import dev.baton.engine.SystemPrompt;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Where system KVs are, the commands about them, and the engine's counters. */
@RestController
@RequestMapping("/admin/v1")
final class ResidencyEndpoint {

  /** A system KV as the console and scripts see it. */
  record SystemKvView(
      String tenantId,
      @Nullable String tenantName,
      String versionId,
      Residency residency,
      boolean pinned,
      int tokens,
      int filledTokens,
      long bytes,
      int sequences,
      long fills,
      long hits,
      long evictions,
      Map<String, Long> prefixMismatches,
      @Nullable Instant lastUsed) {

    static SystemKvView of(SystemKvStatus status, @Nullable String tenantName) {
      return new SystemKvView(
          status.key().tenantId(),
          tenantName,
          status.key().versionId(),
          status.residency(),
          status.pinned(),
          status.tokens(),
          status.filledTokens(),
          status.bytes(),
          status.sequences(),
          status.fills(),
          status.hits(),
          status.evictions(),
          status.prefixMismatches(),
          status.lastUsed());
    }
  }

  /** The engine: what it serves, what it does, what it holds. */
  record EngineView(EngineModel model, EngineStatistics statistics, List<SystemKvView> systemKvs) {}

  private final AttachedEngine engine;
  private final SystemPrompts prompts;
  private final Tenants tenants;
  private final AuditedChanges changes;
  private final PromptSettings settings;

  ResidencyEndpoint(
      AttachedEngine engine,
      SystemPrompts prompts,
      Tenants tenants,
      AuditedChanges changes,
      PromptSettings settings) {
    this.engine = engine;
    this.prompts = prompts;
    this.tenants = tenants;
    this.changes = changes;
    this.settings = settings;
  }

  /** Model, batch, KV memory and every system KV of the engine. */
  @GetMapping("/engine")
  Mono<EngineView> engine() {
    return Mono.defer(() -> {
      Engine attached = engine.get();
      return withNames(attached.systemKvs())
          .map(views -> new EngineView(attached.model(), attached.statistics(), views));
    });
  }

  /** Where every system KV of the engine is. */
  @GetMapping("/residency")
  Mono<Page<SystemKvView>> all() {
    return Mono.defer(() -> withNames(engine.systemKvs())).map(Page::whole);
  }

  /** Where the tenant's system KVs are; without an engine they are nowhere. */
  @GetMapping("/tenants/{tenantId}/residency")
  Mono<Page<SystemKvView>> ofTenant(@PathVariable String tenantId) {
    return tenants
        .get(tenantId)
        .map(tenant ->
            Page.whole(
                engine.find().map(Engine::systemKvs).orElse(List.of()).stream()
                    .filter(status -> status.key().tenantId().equals(tenantId))
                    .map(status -> SystemKvView.of(status, tenant.name()))
                    .toList()));
  }

  /** Fills the system KV beside live traffic. */
  @PostMapping("/tenants/{tenantId}/prompts/{versionId}/warm")
  Mono<ResponseEntity<SystemKvView>> warm(
      Actor actor, @PathVariable String tenantId, @PathVariable String versionId) {
    return command(actor, "system_kv.warmed", tenantId, versionId, Engine::warm);
  }

  /** Fills the system KV and protects it from eviction. */
  @PostMapping("/tenants/{tenantId}/prompts/{versionId}/pin")
  Mono<ResponseEntity<SystemKvView>> pin(
      Actor actor, @PathVariable String tenantId, @PathVariable String versionId) {
    return command(actor, "system_kv.pinned", tenantId, versionId, Engine::pin);
  }

  /** Gives a pinned system KV back to LRU. */
  @PostMapping("/tenants/{tenantId}/prompts/{versionId}/unpin")
  Mono<ResponseEntity<SystemKvView>> unpin(
      Actor actor, @PathVariable String tenantId, @PathVariable String versionId) {
    return command(
        actor,
        "system_kv.unpinned",
        tenantId,
        versionId,
        (door, prompt) -> door.unpin(prompt.key()));
  }

  /** Frees the system KV's memory. */
  @PostMapping("/tenants/{tenantId}/prompts/{versionId}/evict")
  Mono<ResponseEntity<SystemKvView>> evict(
      Actor actor, @PathVariable String tenantId, @PathVariable String versionId) {
    return command(
        actor,
        "system_kv.evicted",
        tenantId,
        versionId,
        (door, prompt) -> door.evict(prompt.key()));
  }

  /**
   * Writes the audit entry, then commands. What takes longer than a moment goes on by itself: the
   * answer is then 202 with the state so far.
   */
  private Mono<ResponseEntity<SystemKvView>> command(
      Actor actor,
      String action,
      String tenantId,
      String versionId,
      BiFunction<Engine, SystemPrompt, CompletableFuture<SystemKvStatus>> command) {
    return prompts
        .prompt(tenantId, versionId)
        .flatMap(prompt -> {
          Engine attached = engine.get();
          return changes
              .note(actor, action, new TenantKeys(tenantId), versionId)
              .then(
                  Mono.fromFuture(() -> command.apply(attached, prompt), true)
                      .map(status -> ResponseEntity.ok(SystemKvView.of(status, null)))
                      .timeout(settings.commandWait())
                      .onErrorResume(
                          TimeoutException.class,
                          stillRunning ->
                              Mono.fromSupplier(() ->
                                  ResponseEntity.accepted()
                                      .body(SystemKvView.of(engine.status(prompt.key()), null)))))
              .onErrorMap(EngineException.class, error -> withNumbers(attached, error));
        });
  }

  /** Adds to a refused pin what is pinned and what may be. */
  private static Throwable withNumbers(Engine engine, EngineException error) {
    if (error.code() != ErrorCode.PIN_BUDGET_EXCEEDED) {
      return error;
    }
    EngineStatistics now = engine.statistics();
    return new AdminProblem(
            HttpStatus.CONFLICT,
            "pin-budget-exceeded",
            "%s %d of %d pinnable blocks are pinned; unpin another prompt first."
                .formatted(
                    error.getMessage() == null ? "" : error.getMessage(),
                    now.pinnedBlocks(),
                    now.pinBudgetBlocks()),
            error)
        .with("pinnedBlocks", now.pinnedBlocks())
        .with("pinBudgetBlocks", now.pinBudgetBlocks());
  }

  private Mono<List<SystemKvView>> withNames(List<SystemKvStatus> statuses) {
    return Flux.fromIterable(statuses)
        .map(status -> status.key().tenantId())
        .distinct()
        .flatMap(id -> tenants.get(id).onErrorResume(AdminProblem.class, gone -> Mono.empty()))
        .collectMap(Tenant::id, Tenant::name)
        .map(names ->
            statuses.stream()
                .map(status -> SystemKvView.of(status, names.get(status.key().tenantId())))
                .toList());
  }
}
