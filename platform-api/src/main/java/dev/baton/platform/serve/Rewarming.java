package dev.baton.platform.serve;

import dev.baton.admin.systemprompt.Pins;
import dev.baton.admin.systemprompt.SystemPrompts;
import dev.baton.admin.tenant.Tenant;
import dev.baton.admin.tenant.TenantStatus;
import dev.baton.admin.tenant.Tenants;
import dev.baton.engine.Engine;
import dev.baton.engine.EngineStatistics;
import dev.baton.engine.SystemKvStatus;
import dev.baton.engine.SystemPrompt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * Fills the system KVs of active prompts again after a start, one after another beside live
 * traffic, and only while they fit: warming one more would evict another that was just warmed.
 */
@Component
final class Rewarming {
  private static final Logger log = LoggerFactory.getLogger(Rewarming.class);

  /** One part in so many of the KV memory stays free for requests. */
  private static final int ROOM_FOR_REQUESTS = 4;

  private final Tenants tenants;
  private final SystemPrompts prompts;
  private final Pins pins;
  private final Engine engine;

  Rewarming(Tenants tenants, SystemPrompts prompts, Pins pins, Engine engine) {
    this.tenants = tenants;
    this.prompts = prompts;
    this.pins = pins;
    this.engine = engine;
  }

  /** Completes with the number of prompts that were warmed; a prompt that fails is left out. */
  Mono<Long> run() {
    return tenants
        .all()
        .filter(tenant -> tenant.status() == TenantStatus.ACTIVE)
        .concatMap(tenant -> repin(tenant).thenMany(activePrompt(tenant)))
        .publishOn(Schedulers.boundedElastic(), 1)
        .takeWhile(this::fits)
        .concatMap(this::warm, 1)
        .count()
        .doOnNext(count -> log.info("warmed {} active prompts", count));
  }

  /** An admin's pins outlive the engine's memory. */
  private Mono<Void> repin(Tenant tenant) {
    return pins.versions(tenant.id())
        .flatMapIterable(versions -> versions)
        .concatMap(version -> prompts.prompt(tenant.id(), version))
        .concatMap(prompt ->
            Mono.fromFuture(() -> engine.pin(prompt), true)
                .onErrorResume(error -> couldNot("pinned", prompt, error)))
        .then();
  }

  private static Mono<SystemKvStatus> couldNot(String what, SystemPrompt prompt, Throwable error) {
    log.warn(
        "tenant={} version={} could not be {}: {}",
        prompt.key().tenantId(),
        prompt.key().versionId(),
        what,
        error.getMessage());
    return Mono.empty();
  }

  private Flux<SystemPrompt> activePrompt(Tenant tenant) {
    String version = tenant.activeVersionId();
    return version == null ? Flux.empty() : prompts.prompt(tenant.id(), version).flux();
  }

  private boolean fits(SystemPrompt prompt) {
    EngineStatistics now = engine.statistics();
    long blockBytes = now.blockTokens() * engine.model().kvBytesPerToken();
    long needed =
        engine.preview(((SystemPrompt.Text) prompt.source()).text()).kvBytes() / blockBytes;
    return needed <= now.freeBlocks() - now.totalBlocks() / ROOM_FOR_REQUESTS;
  }

  private Mono<SystemKvStatus> warm(SystemPrompt prompt) {
    return Mono.fromFuture(() -> engine.warm(prompt), true)
        .onErrorResume(error -> couldNot("warmed", prompt, error));
  }
}
