package dev.baton.platform.serve;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What has been started, closed in reverse order, once, from whichever thread ends the process. */
final class Closeables implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Closeables.class);

  private final Deque<AutoCloseable> started = new ArrayDeque<>();
  private boolean closed;

  /**
   * Remembers it.
   *
   * @throws StartFailure when the process is ending already; then it has been closed
   */
  synchronized <T extends AutoCloseable> T add(T resource) {
    if (closed) {
      close(resource);
      throw new StartFailure("stopped while starting");
    }
    started.push(resource);
    return resource;
  }

  /** One part that can not be closed must not keep the others open. */
  @Override
  public synchronized void close() {
    closed = true;
    while (!started.isEmpty()) {
      close(started.pop());
    }
  }

  private static void close(AutoCloseable resource) {
    try {
      resource.close();
    } catch (Exception e) {
      log.error("{} did not close", resource.getClass().getSimpleName(), e);
    }
  }
}
