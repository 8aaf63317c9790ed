package dev.baton.engine.runtime;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Places in the waiting queue, all of them and those of each tenant, and how fast they become free.
 * Safe for use by many threads.
 */
final class Admissions {
  private static final int WINDOW = 32;
  private static final Duration SHORTEST_RETRY = Duration.ofSeconds(1);
  private static final Duration LONGEST_RETRY = Duration.ofMinutes(2);

  private final EngineSettings.Queue limits;
  private final InstantSource clock;
  private final Map<String, Integer> waitingByTenant = new HashMap<>();
  private final Instant[] departures = new Instant[WINDOW]; // ring
  private long departureCount;
  private int waiting;

  Admissions(EngineSettings.Queue limits, InstantSource clock) {
    this.limits = limits;
    this.clock = clock;
  }

  /**
   * Takes a place for a request.
   *
   * @throws EngineException {@link ErrorCode#QUEUE_FULL} with the time after which a place is
   *     expected to be free
   */
  synchronized void enter(String tenantId) {
    int own = waitingByTenant.getOrDefault(tenantId, 0);
    if (waiting >= limits.waitingRequests()) {
      throw new EngineException(
          ErrorCode.QUEUE_FULL,
          "the engine's queue is full (%d requests wait); try again later".formatted(waiting),
          null,
          retryAfter());
    }
    if (own >= limits.tenantRequests()) {
      throw new EngineException(
          ErrorCode.QUEUE_FULL,
          "%d requests of this tenant wait already, which is its share of the engine's queue; try again later"
              .formatted(own),
          null,
          retryAfter());
    }
    waiting++;
    waitingByTenant.put(tenantId, own + 1);
  }

  /** Frees the place of a request that is being served now. */
  synchronized void served(String tenantId) {
    leave(tenantId);
    departures[(int) (departureCount++ % WINDOW)] = clock.instant();
  }

  /** Frees the place of a request that will not be served. */
  synchronized void leave(String tenantId) {
    int own = waitingByTenant.getOrDefault(tenantId, 0);
    if (own == 0) {
      throw new IllegalStateException("a request leaves the queue that was not in it");
    }
    waiting--;
    if (own == 1) {
      waitingByTenant.remove(tenantId);
    } else {
      waitingByTenant.put(tenantId, own - 1);
    }
  }

  /**
   * Mean time between the last departures, the present wait included so that a standstill shows; or
   * null while fewer than two are known.
   */
  private @Nullable Duration retryAfter() {
    int known = (int) Math.min(departureCount, WINDOW);
    if (known < 2) {
      return null;
    }
    Instant oldest = departures[(int) ((departureCount - known) % WINDOW)];
    Duration mean = Duration.between(oldest, clock.instant()).dividedBy(known);
    if (mean.compareTo(SHORTEST_RETRY) < 0) {
      return SHORTEST_RETRY;
    }
    return mean.compareTo(LONGEST_RETRY) > 0 ? LONGEST_RETRY : mean;
  }
}
