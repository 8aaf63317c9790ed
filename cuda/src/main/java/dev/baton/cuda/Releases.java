package dev.baton.cuda;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** What is to be freed, newest first; a failure does not keep the rest from being freed. */
final class Releases {
  private final Deque<Runnable> pending = new ArrayDeque<>();

  void push(Runnable release) {
    pending.push(release);
  }

  int size() {
    return pending.size();
  }

  /**
   * Frees the newest until so many are left.
   *
   * @return the first failure, with those after it; null when there was none
   */
  @Nullable CudaException releaseTo(int left) {
    CudaException first = null;
    while (pending.size() > left) {
      try {
        pending.pop().run();
      } catch (CudaException e) {
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      }
    }
    return first;
  }
}
