package dev.baton.platform.chat;

import dev.baton.engine.GenerationEvent;
import io.netty.util.concurrent.EventExecutor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Operators;

/**
 * A generation's events on their way from the engine's thread to the thread of one reader. The
 * reader gets all that is there at once, so that what came together is encoded, written and flushed
 * together.
 *
 * <p>Implementation note: {@code work} counts calls for the reader's thread since it last looked;
 * whoever raises it from zero sends it there, or is there and looks at once. An offer comes before
 * its look at the reader, and a reader is set before it looks at the queue: one of them sees the
 * other.
 */
final class EventQueue {
  /** What a batch holds at most: batches on their way to a slow socket are few, and so small. */
  private static final int LARGEST_BATCH = 16;

  private final ArrayBlockingQueue<GenerationEvent> events;
  private final AtomicInteger work = new AtomicInteger();
  private final AtomicReference<@Nullable Reader> reader = new AtomicReference<>();
  private volatile boolean closed;
  private volatile boolean ended;
  private volatile @Nullable Throwable error; // written before ended

  EventQueue(int capacity) {
    events = new ArrayBlockingQueue<>(capacity);
  }

  /**
   * Adds an event.
   *
   * @return false when the queue is full; what comes after an end or to a reader that has left is
   *     dropped
   */
  boolean offer(GenerationEvent event) {
    if (ended || closed) {
      return true;
    }
    boolean taken = events.offer(event);
    wake();
    return taken;
  }

  /**
   * Ends the reader's stream after what is queued; a second end does nothing.
   *
   * @param cause null for a good end
   */
  void end(@Nullable Throwable cause) {
    if (!ended) {
      error = cause;
      ended = true;
      wake();
    }
  }

  /** The events for one reader, on its thread, in batches that are never empty. */
  Flux<List<GenerationEvent>> batches(Executor thread) {
    return readBy(actual -> new Reader(actual, thread));
  }

  /**
   * The events for one reader, on its connection's thread.
   *
   * @param tick how often it gets an empty batch, if it can take one and there is nothing else
   */
  Flux<List<GenerationEvent>> batches(EventExecutor loop, Duration tick) {
    return readBy(actual -> {
      Reader ticking = new Reader(actual, loop);
      try {
        ticking.ticks =
            loop.scheduleAtFixedRate(
                ticking::tick, tick.toNanos(), tick.toNanos(), TimeUnit.NANOSECONDS);
      } catch (RejectedExecutionException e) {
        closed = true; // as in deliverThere
      }
      return ticking;
    });
  }

  private Flux<List<GenerationEvent>> readBy(
      Function<CoreSubscriber<? super List<GenerationEvent>>, Reader> readers) {
    return new Flux<>() {
      @Override
      public void subscribe(CoreSubscriber<? super List<GenerationEvent>> actual) {
        Reader first = readers.apply(actual);
        if (reader.compareAndSet(null, first)) {
          actual.onSubscribe(first);
          first.look();
        } else {
          first.stopTicks();
          Operators.error(actual, new IllegalStateException("the events have a reader"));
        }
      }
    };
  }

  private void wake() {
    Reader present = reader.get();
    if (present != null && work.getAndIncrement() == 0) {
      present.deliverThere();
    }
  }

  private final class Reader implements Subscription {
    private final CoreSubscriber<? super List<GenerationEvent>> actual;
    private final Executor thread;
    private final AtomicLong demand = new AtomicLong();
    private @Nullable Future<?> ticks; // set before there is anything to read

    Reader(CoreSubscriber<? super List<GenerationEvent>> actual, Executor thread) {
      this.actual = actual;
      this.thread = thread;
    }

    @Override
    public void request(long n) {
      if (Operators.validate(n)) {
        demand.accumulateAndGet(n, Operators::addCap);
        look();
      }
    }

    @Override
    public void cancel() {
      closed = true;
      wake();
    }

    /** What there is when a reader asks is not to wait behind other work of its thread. */
    private void look() {
      if (work.getAndIncrement() == 0) {
        if (thread instanceof EventExecutor loop && loop.inEventLoop()) {
          deliver();
        } else {
          deliverThere();
        }
      }
    }

    private void deliverThere() {
      try {
        thread.execute(this::deliver);
      } catch (RejectedExecutionException e) {
        closed = true; // the server is gone, and its readers with it
      }
    }

    /** On the reader's thread, never twice at once. */
    private void deliver() {
      int missed = work.get();
      do {
        deliverWhatIsThere();
        missed = work.addAndGet(-missed);
      } while (missed != 0);
    }

    private void deliverWhatIsThere() {
      while (!closed && demand.get() > 0 && !events.isEmpty()) {
        List<GenerationEvent> batch = new ArrayList<>(Math.min(LARGEST_BATCH, events.size()));
        events.drainTo(batch, LARGEST_BATCH);
        hand(batch);
      }
      if (closed) {
        stopTicks();
        events.clear();
      } else if (ended && events.isEmpty()) {
        closed = true;
        stopTicks();
        Throwable cause = error;
        if (cause == null) {
          actual.onComplete();
        } else {
          actual.onError(cause);
        }
      }
    }

    /** On the reader's thread, as all deliveries are. */
    private void tick() {
      if (!closed && events.isEmpty() && demand.get() > 0) {
        hand(List.of());
      }
    }

    private void hand(List<GenerationEvent> batch) {
      demand.updateAndGet(left -> left == Long.MAX_VALUE ? left : left - 1);
      actual.onNext(batch);
    }

    private void stopTicks() {
      Future<?> running = ticks;
      if (running != null) {
        running.cancel(false);
      }
    }
  }
}
