package dev.baton.engine.runtime;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.SystemKvKey;
import dev.baton.engine.SystemKvStatus;
import dev.baton.engine.kvcache.BlockPool;
import dev.baton.engine.kvcache.SystemKv;
import dev.baton.engine.kvcache.SystemKvCache;
import dev.baton.engine.kvcache.SystemTokens;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What admins command of system KVs. Unpinning and evicting are answered at once; warming when the
 * system KV is resident, some steps later, or can not be.
 *
 * <p>Used by the engine thread only.
 */
final class SystemKvCommands {
  private final BlockPool pool;
  private final SystemKvCache cache;
  private final Runnable publish; // who is answered may look at once

  private final List<EngineCommand.Warm> warmings = new ArrayList<>();
  private @Nullable EngineException stepFailure; // of the step just computed

  SystemKvCommands(BlockPool pool, SystemKvCache cache, Runnable publish) {
    this.pool = pool;
    this.cache = cache;
    this.publish = publish;
  }

  void unpin(EngineCommand.Unpin unpin) {
    answer(unpin.key(), unpin.result(), () -> cache.unpin(unpin.key()));
  }

  void evict(EngineCommand.Evict evict) {
    answer(evict.key(), evict.result(), () -> cache.evict(evict.key()));
  }

  private void answer(SystemKvKey key, CompletableFuture<SystemKvStatus> result, Runnable change) {
    try {
      change.run();
      complete(result, key);
    } catch (EngineException e) {
      fail(result, e);
    }
  }

  void warm(EngineCommand.Warm warm) {
    SystemTokens tokens = warm.tokens();
    try {
      if (!fits(tokens)) {
        throw neverFits(tokens);
      }
      if (warm.pin()) {
        cache.pin(tokens);
      }
      cache.want(tokens);
      warmings.add(warm);
    } catch (EngineException e) {
      fail(warm.result(), e);
    }
  }

  /** Whether somebody waits for a system KV to become resident. */
  boolean waiting() {
    return !warmings.isEmpty();
  }

  /** The step that is settled next failed, and the fills in it. */
  void stepFailed(EngineException error) {
    stepFailure = error;
  }

  /** After a step: answers those whose system KV is resident, or is filled no longer. */
  void settle() {
    for (Iterator<EngineCommand.Warm> i = warmings.iterator(); i.hasNext(); ) {
      EngineCommand.Warm warm = i.next();
      SystemTokens tokens = warm.tokens();
      SystemKv current = cache.current(tokens.key());
      if (current != null && current.resident() && current.tokens().edition() >= tokens.edition()) {
        i.remove();
        complete(warm.result(), tokens.key());
      } else if (!cache.pending(tokens.key())) {
        i.remove();
        fail(warm.result(), whyNotFilled(tokens));
      }
    }
    stepFailure = null;
  }

  private EngineException whyNotFilled(SystemTokens tokens) {
    if (stepFailure != null) {
      return stepFailure;
    }
    return fits(tokens)
        ? new EngineException(
            ErrorCode.SYSTEM_KV_UNKNOWN,
            "system KV %s was evicted before it was filled; warm it again"
                .formatted(tokens.key().versionId()))
        : neverFits(tokens);
  }

  private boolean fits(SystemTokens tokens) {
    return blocks(tokens) <= cache.unpinnedCapacity(tokens.key());
  }

  private int blocks(SystemTokens tokens) {
    return pool.layout().blocksFor(tokens.count());
  }

  private EngineException neverFits(SystemTokens tokens) {
    return new EngineException(
        ErrorCode.MEMORY_FULL,
        ("system prompt %s needs %d KV blocks for %d tokens, but %d of %d are not pinned;"
                + " shorten it, unpin others, or give the engine more KV memory")
            .formatted(
                tokens.key().versionId(),
                blocks(tokens),
                tokens.count(),
                cache.unpinnedCapacity(tokens.key()),
                pool.totalCount()));
  }

  /** The engine ends: nothing is filled any longer. */
  void failAll(EngineException error) {
    for (EngineCommand.Warm warm : warmings) {
      fail(warm.result(), error);
    }
    warmings.clear();
  }

  private void complete(CompletableFuture<SystemKvStatus> result, SystemKvKey key) {
    publish.run();
    SystemKvStatus status = cache.status(key);
    var unused = result.completeAsync(() -> status);
  }

  /** Callers' continuations run elsewhere: this thread has steps to compute. */
  static void fail(CompletableFuture<SystemKvStatus> result, EngineException error) {
    var unused = CompletableFuture.runAsync(() -> result.completeExceptionally(error));
  }
}
