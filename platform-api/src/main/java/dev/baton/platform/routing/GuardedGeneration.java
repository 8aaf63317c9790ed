package dev.baton.platform.routing;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.FinishReason;
import dev.baton.engine.Generation;
import dev.baton.engine.GenerationEvent;
import dev.baton.engine.GenerationListener;
import dev.baton.engine.TokenUsage;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.scheduler.Schedulers;

/**
 * A request on its way through an engine, under two clocks: one until its first token, one until
 * its last. When a clock runs out the listener gets its last event at once, whether or not the
 * engine still reacts, and what the engine says later is dropped.
 *
 * <p>Events come from the engine's thread and from the clocks'; the monitor puts them in one order.
 */
final class GuardedGeneration implements Generation, GenerationListener {
  private final GenerationListener listener;
  private final EngineDoor door;
  private final String tenantId;
  private final long acceptedNanos = System.nanoTime();
  private final long stepsBefore;

  // All guarded by this.
  private @Nullable Generation running;
  private @Nullable Disposable firstTokenClock;
  private @Nullable Disposable streamClock;
  private boolean ended;
  private boolean cancelled;
  private boolean worked; // the breaker has been told so
  private int cachedTokens;
  private int completionTokens;
  private Duration queued = Duration.ZERO;
  private Duration firstToken = Duration.ZERO;

  GuardedGeneration(
      GenerationListener listener, EngineDoor door, String tenantId, long stepsBefore) {
    this.listener = listener;
    this.door = door;
    this.tenantId = tenantId;
    this.stepsBefore = stepsBefore;
  }

  /** The engine has accepted; its first events may have come already. */
  synchronized void accepted(Generation generation, Duration firstTokenLimit, Duration limit) {
    running = generation;
    if (cancelled) {
      generation.cancel();
    }
    if (ended) {
      return;
    }
    streamClock = after(limit, this::streamLimitReached);
    if (!worked) {
      firstTokenClock = after(firstTokenLimit, this::firstTokenLimitReached);
    }
  }

  private static Disposable after(Duration time, Runnable task) {
    return Schedulers.parallel().schedule(task, time.toNanos(), TimeUnit.NANOSECONDS);
  }

  @Override
  public synchronized void onEvent(GenerationEvent event) {
    if (ended) {
      return;
    }
    switch (event) {
      case GenerationEvent.Started started -> {
        cachedTokens = started.cachedTokens();
        queued = elapsed();
      }
      case GenerationEvent.Token token -> {
        completionTokens++;
        if (!worked) {
          firstToken = elapsed();
          working();
        }
      }
      case GenerationEvent.Finished finished -> {
        // No token and no cancel: the answer is empty, and the engine is well.
        if (completionTokens == 0 && finished.reason() != FinishReason.CANCELLED) {
          working();
        }
        end(null);
      }
      case GenerationEvent.Failed failed -> end(failed.error());
    }
    listener.onEvent(event);
  }

  private void working() {
    worked = true;
    stop(firstTokenClock);
    door.breaker().worked(elapsed().toNanos());
  }

  /** An engine that made no step meanwhile is stuck; one that did is merely busy. */
  private synchronized void firstTokenLimitReached() {
    if (!ended && !worked) {
      boolean stuck = door.steps() == stepsBefore;
      expire(
          stuck
              ? "The engine does not make progress. Repeat the request in a moment."
              : "No token was ready within %d s, the engine is busy. Repeat the request in a moment."
                  .formatted(door.settings().firstTokenLimit().toSeconds()),
          stuck ? door.settings().recoveryTime() : Duration.ofSeconds(5),
          stuck);
    }
  }

  private synchronized void streamLimitReached() {
    if (!ended) {
      expire(
          "The answer took longer than the %d s this server allows. Ask for fewer tokens."
              .formatted(door.settings().streamLimit().toSeconds()),
          null,
          false);
    }
  }

  private void expire(String message, @Nullable Duration retryAfter, boolean engineAtFault) {
    EngineException error = new EngineException(ErrorCode.TIMEOUT, message, null, retryAfter);
    Generation generation = running;
    int promptTokens = generation == null ? 0 : generation.promptTokenCount();
    TokenUsage usage =
        new TokenUsage(promptTokens, cachedTokens, completionTokens, queued, firstToken, elapsed());
    end(engineAtFault ? error : null);
    listener.onEvent(new GenerationEvent.Failed(error, usage));
    if (generation != null) {
      generation.cancel();
    }
  }

  /** Gives the places back and tells the breaker, unless the first token has told it already. */
  private void end(@Nullable EngineException error) {
    ended = true;
    stop(firstTokenClock);
    stop(streamClock);
    if (error != null) {
      if (worked) {
        door.breaker().failedLater(elapsed().toNanos(), error);
      } else {
        door.breaker().failed(elapsed().toNanos(), error);
      }
    } else if (!worked) {
      door.breaker().inconclusive();
    }
    door.left(tenantId);
  }

  private static void stop(@Nullable Disposable clock) {
    if (clock != null) {
      clock.dispose();
    }
  }

  private Duration elapsed() {
    return Duration.ofNanos(System.nanoTime() - acceptedNanos);
  }

  @Override
  public synchronized int promptTokenCount() {
    return running == null ? 0 : running.promptTokenCount();
  }

  @Override
  public void cancel() {
    Generation generation;
    synchronized (this) {
      cancelled = true;
      generation = ended ? null : running;
    }
    if (generation != null) {
      generation.cancel();
    }
  }
}
