package dev.baton.admin.storage;

import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * Looks up anew what is in use, shortly before it is too old to be believed, so that no request
 * waits for that. How long something is believed is not changed by it.
 */
public final class RefreshAhead<K> {
  private static final Logger log = LoggerFactory.getLogger(RefreshAhead.class);

  private final Duration after;
  private final Set<K> underWay = ConcurrentHashMap.newKeySet();

  /**
   * Refreshes in the last third of the time.
   *
   * @param believed how long a value is used without asking
   */
  public RefreshAhead(Duration believed) {
    after = believed.multipliedBy(2).dividedBy(3);
  }

  /** Begins to look a value up where its time comes, once; its failure is for the next look. */
  public void consider(K key, Instant confirmedAt, Instant now, Supplier<Mono<?>> lookUp) {
    if (!now.isBefore(confirmedAt.plus(after)) && underWay.add(key)) {
      Mono.defer(lookUp)
          .doFinally(signal -> underWay.remove(key))
          .subscribe(
              found -> {}, error -> log.debug("not refreshed ahead: {}", error.getMessage()));
    }
  }
}
