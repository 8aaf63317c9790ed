package dev.baton.cuda;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * The one platform thread that makes all driver calls for a GPU: the driver's current context
 * belongs to an OS thread, and a capture must end where it began. Others hand it work and wait.
 */
final class GpuThread implements AutoCloseable {
  private final ExecutorService executor;
  private final Thread thread;

  GpuThread(int ordinal) {
    executor =
        Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("gpu-" + ordinal).factory());
    thread = get(executor.submit(Thread::currentThread));
  }

  /** Runs work on the thread; what it throws comes out here. Called on the thread it just runs. */
  <T> T call(Supplier<T> work) {
    if (Thread.currentThread() == thread) {
      return work.get();
    }
    return get(executor.submit(work::get));
  }

  void requireCurrent() {
    if (Thread.currentThread() != thread) {
      throw new IllegalStateException(
          "the driver is called on '%s' only, this is '%s'"
              .formatted(thread.getName(), Thread.currentThread().getName()));
    }
  }

  /** An interrupt does not end the wait, for the work goes on; it is kept for the caller. */
  private static <T> T get(Future<T> future) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return future.get();
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          switch (e.getCause()) {
            case RuntimeException failure -> throw failure;
            case Error failure -> throw failure;
            case null, default -> throw new IllegalStateException(e.getCause());
          }
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void close() {
    executor.shutdown();
    boolean interrupted = false;
    while (true) {
      try {
        if (executor.awaitTermination(1, TimeUnit.SECONDS)) {
          break;
        }
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
