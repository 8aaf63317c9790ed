package dev.baton.admin.systemprompt;

import dev.baton.admin.http.AdminProblem;
import dev.baton.engine.Engine;
import dev.baton.engine.EngineException;
import dev.baton.engine.PromptPreview;
import dev.baton.engine.Residency;
import dev.baton.engine.SystemKvKey;
import dev.baton.engine.SystemKvStatus;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** The application's engine, if it has one. */
@Component
final class AttachedEngine {
  private final ObjectProvider<Engine> engine;

  AttachedEngine(ObjectProvider<Engine> engine) {
    this.engine = engine;
  }

  /** The engine; fails with 503 where there is none. */
  Engine get() {
    return find()
        .orElseThrow(() ->
            new AdminProblem(
                HttpStatus.SERVICE_UNAVAILABLE,
                "no-engine",
                "This process has no inference engine; ask one that has, such as 'baton serve'.",
                null));
  }

  Optional<Engine> find() {
    return Optional.ofNullable(engine.getIfAvailable());
  }

  /** What a prompt costs; a long one takes a while to tokenize, so not on an event loop. */
  Mono<PromptPreview> preview(String text) {
    return Mono.fromCallable(() -> get().preview(text)).subscribeOn(Schedulers.boundedElastic());
  }

  /** A system KV's state, absent when the engine does not know it. */
  SystemKvStatus status(SystemKvKey key) {
    return get().systemKvs().stream()
        .filter(status -> status.key().equals(key))
        .findFirst()
        .orElseGet(() -> absent(key));
  }

  List<SystemKvStatus> systemKvs() {
    return get().systemKvs();
  }

  /** Ends a fill that nobody else wants; what is resident, pinned or in use stays. */
  Mono<Void> giveUpFill(SystemKvKey key) {
    return Mono.defer(() -> {
      if (find().isEmpty()) {
        return Mono.empty();
      }
      SystemKvStatus now = status(key);
      boolean unwanted =
          now.residency() == Residency.FILLING && !now.pinned() && now.sequences() == 0;
      return unwanted
          ? Mono.fromFuture(() -> get().evict(key))
              .then()
              .onErrorResume(EngineException.class, used -> Mono.empty())
          : Mono.empty();
    });
  }

  /** Frees all system KVs of a tenant, where there is an engine. */
  Mono<Void> evictAll(String tenantId) {
    return Flux.defer(() -> Flux.fromIterable(find().map(Engine::systemKvs).orElse(List.of())))
        .map(SystemKvStatus::key)
        .filter(key -> key.tenantId().equals(tenantId))
        .concatMap(key -> Mono.fromFuture(() -> get().evict(key)))
        .then();
  }

  private static SystemKvStatus absent(SystemKvKey key) {
    return new SystemKvStatus(key, Residency.ABSENT, false, 0, 0, 0, 0, 0, 0, 0, Map.of(), null);
  }
}
