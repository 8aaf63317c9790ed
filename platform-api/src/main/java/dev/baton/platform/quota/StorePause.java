package dev.baton.platform.quota;

import java.util.concurrent.atomic.AtomicLong;
import org.springframework.stereotype.Component;

/**
 * Remembers that Redis did not answer, so that not every request waits for what does not come: for
 * a moment none asks, then they ask again.
 */
@Component
final class StorePause {
  private final long nanos;
  private final AtomicLong until = new AtomicLong(System.nanoTime());

  StorePause(QuotaSettings settings) {
    nanos = settings.storePause().toNanos();
  }

  /** Redis has just failed to answer. */
  void begin() {
    until.set(System.nanoTime() + nanos);
  }

  boolean isOn() {
    return until.get() - System.nanoTime() > 0;
  }
}
