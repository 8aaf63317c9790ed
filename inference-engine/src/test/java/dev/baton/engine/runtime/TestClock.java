package dev.baton.engine.runtime;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.jspecify.annotations.Nullable;

/** A clock that stands until it is moved. */
final class TestClock extends Clock {
  private Instant now = Instant.parse("2026-01-01T12:00:00Z");
  private @Nullable RuntimeException defect;

  /** Makes the next look at the clock fail. */
  synchronized void breakDown(RuntimeException e) {
    defect = e;
  }

  synchronized void advance(Duration duration) {
    now = now.plus(duration);
  }

  @Override
  public synchronized Instant instant() {
    if (defect != null) {
      RuntimeException e = defect;
      defect = null;
      throw e;
    }
    return now;
  }

  @Override
  public ZoneId getZone() {
    return ZoneOffset.UTC;
  }

  @Override
  public Clock withZone(ZoneId zone) {
    throw new UnsupportedOperationException("the engine asks for instants only, not for a zone");
  }
}
