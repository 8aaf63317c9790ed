package dev.baton.platform.quota;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Redis' clock as this node can tell it between two answers: the last time heard, and the steady
 * time gone since. So that a node whose own clock is wrong still files usage under the right hour.
 */
@Component
final class StoreClock {
  private final InstantSource own;
  private volatile @Nullable Heard heard;

  private record Heard(Instant time, long nanos) {}

  StoreClock(InstantSource own) {
    this.own = own;
  }

  /** Notes what time Redis has just said it is. */
  void heard(Instant time) {
    heard = new Heard(time, System.nanoTime());
  }

  /** The time by Redis, or by this node where Redis was never heard. */
  Instant now() {
    Heard last = heard;
    return last == null
        ? own.instant()
        : last.time().plus(Duration.ofNanos(System.nanoTime() - last.nanos()));
  }
}
