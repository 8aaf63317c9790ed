package dev.baton.platform.chat;

import dev.baton.engine.Generation;
import dev.baton.engine.GenerationEvent;
import dev.baton.engine.GenerationListener;
import dev.baton.engine.GenerationRequest;
import dev.baton.platform.problem.ApiProblem;
import io.netty.util.concurrent.EventExecutor;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * The bridge from the engine's listener to one reader. The engine thread only offers to a bounded
 * queue; encoding and writing happen on other threads. When the queue is full the reader is too
 * slow: the generation is cancelled and the stream ends with an error after what was queued.
 *
 * <p>The last event is told when the request is settled, so that no reader knows of an end that the
 * ledger does not. {@link #outcome()} tells how the generation ended whether or not anybody still
 * reads.
 */
final class GenerationStream {
  private static final Logger log = LoggerFactory.getLogger(GenerationStream.class);

  private final EventQueue events;
  private final Sinks.One<GenerationEvent> outcome = Sinks.one();
  private final Function<GenerationEvent, Mono<Void>> settle;
  private @Nullable Generation generation; // guarded by this
  private boolean cancelled; // guarded by this
  private volatile boolean overflowed; // by the engine, then by whatever ends the settlement
  private volatile @Nullable ApiProblem ending;

  private GenerationStream(int capacity, Function<GenerationEvent, Mono<Void>> settle) {
    this.settle = settle;
    events = new EventQueue(capacity);
  }

  /**
   * Submits the request.
   *
   * @param door submits to an engine, as {@link dev.baton.engine.Engine#generate} does
   * @param settle begins to settle it by its last event; called on the engine's thread, once, and
   *     must neither block nor fail
   * @throws dev.baton.engine.EngineException when the engine refuses it
   */
  static GenerationStream open(
      BiFunction<GenerationRequest, GenerationListener, Generation> door,
      GenerationRequest request,
      int capacity,
      Function<GenerationEvent, Mono<Void>> settle) {
    GenerationStream stream = new GenerationStream(capacity, settle);
    stream.started(door.apply(request, stream::onEvent));
    return stream;
  }

  /**
   * Everything the engine tells, for one reader; ends by completion or an error.
   *
   * @param thread where the reader encodes and writes
   */
  Flux<List<GenerationEvent>> events(Executor thread) {
    return events.batches(thread);
  }

  /**
   * Everything the engine tells, as above, to a reader on its connection's thread.
   *
   * @param tick how often it gets an empty batch, if it can take one and nothing is told
   */
  Flux<List<GenerationEvent>> events(EventExecutor loop, Duration tick) {
    return events.batches(loop, tick);
  }

  /** The last event, {@code Finished} or {@code Failed}. */
  Mono<GenerationEvent> outcome() {
    return outcome.asMono();
  }

  /** What this server ended the stream with; null where it did not. */
  @Nullable ApiProblem cutOff() {
    return overflowed ? ApiProblem.slowReader() : ending;
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

  /** Ends the generation by the engine's next step, and the reader's stream with this error. */
  void end(ApiProblem problem) {
    ending = problem;
    cancel();
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
    if (last) {
      outcome.tryEmitValue(event);
      settle
          .apply(event)
          .doFinally(signal -> end(event))
          .subscribe(settled -> {}, error -> log.error("a settlement failed", error));
    } else {
      emit(event);
    }
  }

  private void emit(GenerationEvent event) {
    if (!overflowed && !events.offer(event)) {
      overflowed = true;
      cancel();
      events.end(ApiProblem.slowReader());
    }
  }

  private void end(GenerationEvent last) {
    ApiProblem problem = ending;
    if (problem == null) {
      emit(last);
    }
    events.end(problem); // then what it finished with is not the reader's to see
  }
}
