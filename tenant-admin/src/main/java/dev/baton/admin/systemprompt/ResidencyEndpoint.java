package dev.baton.admin.systemprompt;

import dev.baton.admin.audit.Actor;
import dev.baton.admin.audit.AuditedChanges;
import dev.baton.admin.http.AdminProblem;
import dev.baton.admin.http.Page;
import dev.baton.admin.storage.TenantKeys;
import dev.baton.admin.tenant.Tenants;
import dev.baton.engine.Engine;
import dev.baton.engine.EngineException;
import dev.baton.engine.EngineStatistics;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.SystemKvStatus;
import dev.baton.engine.SystemPrompt;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import java.util.function.BiFunction;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
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
  private final AttachedEngine engine;
  private final EngineWatch watch;
  private final SystemPrompts prompts;
  private final Pins pins;
  private final Tenants tenants;
  private final AuditedChanges changes;
  private final PromptSettings settings;

  ResidencyEndpoint(
      AttachedEngine engine,
      EngineWatch watch,
      SystemPrompts prompts,
      Pins pins,
      Tenants tenants,
      AuditedChanges changes,
      PromptSettings settings) {
    this.engine = engine;
    this.watch = watch;
    this.prompts = prompts;
    this.pins = pins;
    this.tenants = tenants;
    this.changes = changes;
    this.settings = settings;
  }

  /** Model, batch, KV memory and every system KV of the engine. */
  @GetMapping("/engine")
  Mono<EngineWatch.EngineView> engine() {
    return watch.view();
  }

  /** The same every second, as server-sent events. */
  @GetMapping(path = "/engine/events", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
  ResponseEntity<Flux<EngineWatch.EngineView>> events() {
    engine.get();
    return ResponseEntity.ok()
        .header("Cache-Control", "no-cache")
        .header("X-Accel-Buffering", "no") // nginx would hold the events back
        .body(watch.events());
  }

  /** Where every system KV of the engine is. */
  @GetMapping("/residency")
  Mono<Page<SystemKvView>> all() {
    return Mono.defer(() -> watch.views(engine.systemKvs())).map(Page::whole);
  }

  /** Where the tenant's system KVs are; without an engine they are nowhere. */
  @GetMapping("/tenants/{tenantId}/residency")
  Mono<Page<SystemKvView>> ofTenant(@PathVariable String tenantId) {
    return tenants
        .get(tenantId)
        .flatMap(tenant ->
            watch.views(
                engine.find().map(Engine::systemKvs).orElse(List.of()).stream()
                    .filter(status -> status.key().tenantId().equals(tenantId))
                    .toList()))
        .map(Page::whole);
  }

  /** Fills the system KV beside live traffic. */
  @PostMapping("/tenants/{tenantId}/prompts/{versionId}/warm")
  Mono<ResponseEntity<SystemKvView>> warm(
      Actor actor, @PathVariable String tenantId, @PathVariable String versionId) {
    return command(
        tenantId,
        versionId,
        changes.note(actor, "system_kv.warmed", new TenantKeys(tenantId), versionId).then(),
        Engine::warm);
  }

  /** Fills the system KV and protects it from eviction, within the tenant's and device's budget. */
  @PostMapping("/tenants/{tenantId}/prompts/{versionId}/pin")
  Mono<ResponseEntity<SystemKvView>> pin(
      Actor actor, @PathVariable String tenantId, @PathVariable String versionId) {
    return prompts
        .prompt(tenantId, versionId)
        .flatMap(prompt -> engine.preview(((SystemPrompt.Text) prompt.source()).text()))
        .flatMap(cost ->
            command(
                tenantId,
                versionId,
                pins.pin(actor, tenantId, versionId, cost.kvBytes()),
                Engine::pin))
        .onErrorResume(
            ResidencyEndpoint::isRefusedPin,
            refused ->
                pins.unpin(actor, "system_kv.pin_refused", tenantId, versionId)
                    .then(Mono.error(refused)));
  }

  /** Gives a pinned system KV back to LRU. */
  @PostMapping("/tenants/{tenantId}/prompts/{versionId}/unpin")
  Mono<ResponseEntity<SystemKvView>> unpin(
      Actor actor, @PathVariable String tenantId, @PathVariable String versionId) {
    return command(
        tenantId,
        versionId,
        pins.unpin(actor, "system_kv.unpinned", tenantId, versionId),
        (door, prompt) ->
            door.unpin(prompt.key()).exceptionallyCompose(error -> unpinned(prompt, error)));
  }

  /** Frees the system KV's memory; it is not pinned any longer. */
  @PostMapping("/tenants/{tenantId}/prompts/{versionId}/evict")
  Mono<ResponseEntity<SystemKvView>> evict(
      Actor actor, @PathVariable String tenantId, @PathVariable String versionId) {
    return command(
            tenantId,
            versionId,
            changes
                .note(actor, "system_kv.evict_asked", new TenantKeys(tenantId), versionId)
                .then(),
            (door, prompt) -> door.evict(prompt.key()))
        .flatMap(answer ->
            pins.unpin(actor, "system_kv.evicted", tenantId, versionId).thenReturn(answer));
  }

  /**
   * Writes what is to be written, then commands. What takes longer than a moment goes on by itself:
   * the answer is then 202 with the state so far.
   */
  private Mono<ResponseEntity<SystemKvView>> command(
      String tenantId,
      String versionId,
      Mono<Void> written,
      BiFunction<Engine, SystemPrompt, CompletableFuture<SystemKvStatus>> command) {
    return prompts
        .prompt(tenantId, versionId)
        .flatMap(prompt -> {
          Engine attached = engine.get();
          return written
              .then(
                  Mono.fromFuture(() -> command.apply(attached, prompt), true)
                      .map(status -> answer(HttpStatus.OK, status))
                      .timeout(settings.commandWait())
                      .onErrorResume(
                          TimeoutException.class,
                          stillRunning ->
                              Mono.fromSupplier(
                                  () -> answer(HttpStatus.ACCEPTED, engine.status(prompt.key())))))
              .flatMap(answer -> answer)
              .onErrorMap(EngineException.class, error -> withNumbers(attached, error));
        });
  }

  private Mono<ResponseEntity<SystemKvView>> answer(HttpStatus code, SystemKvStatus status) {
    return watch
        .views(List.of(status))
        .map(views -> ResponseEntity.status(code).body(views.getFirst()));
  }

  /** What the engine does not know, or no longer since its start, is not pinned there. */
  private CompletableFuture<SystemKvStatus> unpinned(SystemPrompt prompt, Throwable error) {
    Throwable cause = error instanceof CompletionException ? error.getCause() : error;
    return cause instanceof EngineException known && known.code() == ErrorCode.SYSTEM_KV_UNKNOWN
        ? CompletableFuture.completedFuture(engine.status(prompt.key()))
        : CompletableFuture.failedFuture(error);
  }

  private static boolean isRefusedPin(Throwable error) {
    return error instanceof EngineException
        || (error instanceof AdminProblem problem && problem.getCause() instanceof EngineException);
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
}
