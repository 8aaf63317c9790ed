package dev.baton.platform.chat;

import dev.baton.engine.Generation;
import dev.baton.engine.GenerationEvent;
import dev.baton.engine.GenerationListener;
import dev.baton.engine.GenerationRequest;
import dev.baton.platform.problem.ApiProblem;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;

/**
 * The bridge from the engine's listener to one reader. The engine thread only offers to a bounded
 * queue; encoding and writing happen on other threads. When the queue is full the reader is too
 * slow: the generation is cancelled and the stream ends with an error after what was queued.
 *
 * <p>{@link #outcome()} tells how the generation ended whether or not anybody still reads.
 */
final class GenerationStream {
  private static final int PREFETCH = 16;

  private final Sinks.Many<GenerationEvent> events;
  private final Sinks.One<GenerationEvent> outcome = Sinks.one();
  private @Nullable Generation generation; // guarded by this
  private boolean cancelled; // guarded by this
  private volatile boolean overflowed; // written by whom the engine's events come from

  private GenerationStream(int capacity) {
    events = Sinks.many().unicast().onBackpressureBuffer(new ArrayBlockingQueue<>(capacity));
  }

  /**
   * Submits the request.
   *
   * @param door submits to an engine, as {@link dev.baton.engine.Engine#generate} does
   * @throws dev.baton.engine.EngineException when the engine refuses it
   */
  static GenerationStream open(
      BiFunction<GenerationRequest, GenerationListener, Generation> door,
      GenerationRequest request,
      int capacity) {
    GenerationStream stream = new GenerationStream(capacity);
    stream.started(door.apply(request, stream::onEvent));
    return stream;
  }

  /** Everything the engine tells, for one reader; ends by completion or an error. */
  Flux<GenerationEvent> events() {
    return events.asFlux().publishOn(Schedulers.parallel(), PREFETCH);
  }

  /** The last event, {@code Finished} or {@code Failed}. */
  Mono<GenerationEvent> outcome() {
    return outcome.asMono();
  }

  /** Whether the reader was too slow, which is why the generation was ended. */
  boolean overflowed() {
    return overflowed;
  }

  /** Ends the generation by the engine's next step; after its end it does nothing. */
  void cancel() {
    Generation running;
    synchronized (this) {
      cancelled = true;
      running = generation;
    }
    if (running != null) {
      running.cancel();
    }
  }

  /** The first events may come before {@code generate} has returned, and so may a cancel. */
  private void started(Generation running) {
    boolean alreadyCancelled;
    synchronized (this) {
      generation = running;
      alreadyCancelled = cancelled;
    }
    if (alreadyCancelled) {
      running.cancel();
    }
  }

  private void onEvent(GenerationEvent event) {
    boolean last =
        event instanceof GenerationEvent.Finished || event instanceof GenerationEvent.Failed;
    if (!overflowed && events.tryEmitNext(event) == Sinks.EmitResult.FAIL_OVERFLOW) {
      overflowed = true;
      cancel();
      events.tryEmitError(ApiProblem.slowReader()); // refused when the reader left meanwhile
    }
    if (last) {
      if (!overflowed) {
        events.tryEmitComplete(); // refused when the reader is gone
      }
      outcome.tryEmitValue(event);
    }
  }
}
