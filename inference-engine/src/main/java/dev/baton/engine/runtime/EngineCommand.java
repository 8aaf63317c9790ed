package dev.baton.engine.runtime;

import dev.baton.engine.SystemKvKey;
import dev.baton.engine.SystemKvStatus;
import dev.baton.engine.kvcache.SystemTokens;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;

/** What other threads ask of the engine thread. */
sealed interface EngineCommand {

  record Submit(ActiveRequest request) implements EngineCommand {}

  record Cancel(ActiveRequest request) implements EngineCommand {}

  /**
   * @param pin also protect it from eviction
   */
  record Warm(SystemTokens tokens, boolean pin, CompletableFuture<SystemKvStatus> result)
      implements EngineCommand {}

  record Unpin(SystemKvKey key, CompletableFuture<SystemKvStatus> result)
      implements EngineCommand {}

  record Evict(SystemKvKey key, CompletableFuture<SystemKvStatus> result)
      implements EngineCommand {}

  /**
   * @param done completes when no request is left
   */
  record Drain(Instant deadline, CompletableFuture<Void> done) implements EngineCommand {}

  record Close() implements EngineCommand {}
}
