package dev.baton.engine.backend.cpu;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The threads that compute a step: the caller as worker 0, and daemon threads for the others. One
 * caller at a time; a call allocates nothing.
 *
 * <p>Implementation note. A call offers the task to each worker by writing the call's number into
 * its slot; whoever swaps the slot first runs that share. Workers spin for some microseconds,
 * because the products of a step follow each other closely, then park. A caller that finishes first
 * takes the shares that no worker has begun, so that it never waits for a thread to wake up or to
 * get back a core that another process holds; it waits only for shares that are running.
 */
final class ComputePool implements AutoCloseable {
  /** A share of a call for each worker. Shares must not wait for one another. */
  @FunctionalInterface
  interface Task {
    void run(int worker);
  }

  /** A piece [from, to) of a range, computed by one worker. */
  @FunctionalInterface
  interface RangeTask {
    void run(int worker, int from, int to);
  }

  /**
   * Longer than the pauses between the products of a step, shorter than a scheduler's time slice.
   */
  private static final long SPIN_NANOS = 50_000;

  private static final int SPINS_PER_CLOCK_READING = 32;
  private static final int SPINS_BEFORE_YIELD = 1_000;
  private static final int YIELDS_BEFORE_PARK = 200;
  private static final long PARK_NANOS = 50_000;

  /** Of what is left of a range that is taken in runs: a worker held up holds up no more. */
  private static final int RUNS_PER_WORKER = 4;

  private final Worker[] workers; // of shares 1 .. threads-1
  private final ProductScratch scratch;
  private final AtomicBoolean busy = new AtomicBoolean();
  private final AtomicInteger next = new AtomicInteger();
  private final Task drain = this::drain;
  private Task task = worker -> {};
  private RangeTask rangeTask = (worker, from, to) -> {};
  private int rangeCount;
  private int rangeGrain = 1;
  private int rangeRuns; // pieces that what is left is divided into, or 1: pieces of one grain
  private long call;
  private volatile boolean closed;

  /**
   * Starts the workers.
   *
   * @param threads shares of a call, the caller's included, at least 1
   */
  ComputePool(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("a compute pool needs at least 1 thread, got " + threads);
    }
    scratch = new ProductScratch(threads);
    workers = new Worker[threads - 1];
    for (int i = 0; i < workers.length; i++) {
      workers[i] = new Worker(i + 1);
    }
    for (Worker worker : workers) {
      worker.thread.start();
    }
  }

  int threads() {
    return workers.length + 1;
  }

  /** Memory of the products that run on this pool, one at a time. */
  ProductScratch scratch() {
    return scratch;
  }

  /**
   * Runs {@code task.run(worker)} for each worker in [0, threads) and returns when all are done;
   * what they wrote is visible to the caller. What a share throws is thrown here, after all shares
   * have ended (further failures are suppressed in it), and the pool stays usable.
   */
  void run(Task newTask) {
    enter();
    try {
      runShares(newTask);
    } finally {
      busy.set(false);
    }
  }

  /**
   * Runs {@code task} over [0, count) in pieces of at most {@code grain}, which workers take one by
   * one as they get ready. A range of one piece runs in the caller alone.
   */
  void parallelFor(int count, int grain, RangeTask newTask) {
    parallel(count, grain, 1, newTask);
  }

  /**
   * As {@link #parallelFor}, in pieces of several grains at first, ever shorter towards the end:
   * for ranges that are memory, which is read the faster the longer it goes on.
   */
  void parallelRuns(int count, int grain, RangeTask newTask) {
    parallel(count, grain, RUNS_PER_WORKER * threads(), newTask);
  }

  private void parallel(int count, int grain, int runs, RangeTask newTask) {
    if (count < 0 || grain < 1) {
      throw new IllegalArgumentException(
          "range of %d in pieces of %d: needs at least 0 and 1".formatted(count, grain));
    }
    enter();
    try {
      if (count <= grain) {
        if (count > 0) {
          newTask.run(0, 0, count);
        }
        return;
      }
      rangeTask = newTask;
      rangeCount = count;
      rangeGrain = grain;
      rangeRuns = runs;
      next.set(0);
      runShares(drain);
    } finally {
      busy.set(false);
    }
  }

  private void drain(int worker) {
    int count = rangeCount;
    RangeTask current = rangeTask;
    int from = next.get();
    while (from < count) {
      int to = from + piece(count - from);
      int seen = next.compareAndExchange(from, to);
      if (seen == from) {
        current.run(worker, from, to);
        seen = next.get();
      }
      from = seen;
    }
  }

  /** Length of the next piece where so much is left. */
  private int piece(int left) {
    int grains = rangeRuns == 1 ? 1 : Math.max(1, left / rangeRuns / rangeGrain);
    return (int) Math.min(left, (long) grains * rangeGrain);
  }

  private void enter() {
    if (closed) {
      throw new IllegalStateException("the compute pool is closed");
    }
    if (!busy.compareAndSet(false, true)) {
      throw new IllegalStateException(
          "the compute pool is computing: one caller at a time, and no calls from within a task");
    }
  }

  private void runShares(Task newTask) {
    task = newTask;
    long thisCall = ++call;
    for (Worker worker : workers) {
      worker.offer(thisCall);
    }
    Throwable failure = runShare(newTask, 0, null);
    for (Worker worker : workers) {
      if (worker.take(thisCall)) {
        failure = runShare(newTask, worker.share, failure);
      } else {
        failure = add(failure, worker.await(thisCall));
      }
    }
    if (failure != null) {
      rethrow(failure);
    }
  }

  private static @Nullable Throwable runShare(
      Task task, int share, @Nullable Throwable failureBefore) {
    try {
      task.run(share);
      return failureBefore;
    } catch (Throwable e) {
      return add(failureBefore, e);
    }
  }

  private static @Nullable Throwable add(@Nullable Throwable first, @Nullable Throwable second) {
    if (first == null) {
      return second;
    }
    if (second != null && second != first) {
      first.addSuppressed(second);
    }
    return first;
  }

  private static void rethrow(Throwable failure) {
    switch (failure) {
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException("a task threw a checked exception", failure);
    }
  }

  /** Ends the workers. */
  @Override
  public void close() {
    closed = true;
    for (Worker worker : workers) {
      LockSupport.unpark(worker.thread);
    }
  }

  /** A thread and the slot through which the caller and it agree on who runs the share. */
  private final class Worker {
    private static final VarHandle SLOT;

    static {
      try {
        SLOT = MethodHandles.lookup().findVarHandle(Worker.class, "slot", long.class);
      } catch (ReflectiveOperationException e) {
        throw new ExceptionInInitializerError(e);
      }
    }

    private final int share;
    private final Thread thread;

    /** 2 call: offered; 2 call + 1: taken by the worker or by the caller. */
    private volatile long slot = 1;

    private volatile long done;
    private volatile boolean parked;
    private @Nullable Throwable failure; // of call done, published by it

    Worker(int share) {
      this.share = share;
      thread = Thread.ofPlatform().daemon().name("compute-" + share).unstarted(this::loop);
    }

    void offer(long newCall) {
      slot = 2 * newCall;
      if (parked) {
        LockSupport.unpark(thread);
      }
    }

    boolean take(long offered) {
      return SLOT.compareAndSet(this, 2 * offered, 2 * offered + 1);
    }

    @Nullable Throwable await(long taken) {
      int spins = 0;
      while (done != taken) {
        spins++;
        if (spins < SPINS_BEFORE_YIELD) {
          Thread.onSpinWait();
        } else if (spins < SPINS_BEFORE_YIELD + YIELDS_BEFORE_PARK) {
          Thread.yield();
        } else {
          LockSupport.parkNanos(ComputePool.this, PARK_NANOS);
        }
      }
      Throwable result = failure;
      failure = null;
      return result;
    }

    private void loop() {
      while (true) {
        long offered = nextOffer();
        if (offered == 0) {
          return;
        }
        if (take(offered)) {
          failure = runShare(task, share, null);
          done = offered;
        }
      }
    }

    /** Waits for an offered share; 0 when the pool is closed. */
    private long nextOffer() {
      while (!closed) {
        long deadline = System.nanoTime() + SPIN_NANOS;
        do {
          for (int i = 0; i < SPINS_PER_CLOCK_READING; i++) {
            long seen = slot;
            if ((seen & 1) == 0) {
              return seen / 2;
            }
            Thread.onSpinWait();
          }
        } while (System.nanoTime() < deadline && !closed);
        parked = true;
        if ((slot & 1) != 0 && !closed) {
          LockSupport.park(ComputePool.this);
        }
        parked = false;
      }
      return 0;
    }
  }
}
