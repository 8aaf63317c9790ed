package dev.baton.platform.quota;

import dev.baton.admin.storage.StoreUnavailableException;
import dev.baton.admin.usage.Ledger;
import dev.baton.admin.usage.Settlement;
import org.springframework.dao.DataAccessException;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;

/** Brings settlements to the ledger, or to the disk while Redis is away. */
@Component
final class Settlements {
  private final Ledger ledger;
  private final Spool spool;
  private final StorePause pause;

  Settlements(Ledger ledger, Spool spool, StorePause pause) {
    this.ledger = ledger;
    this.spool = spool;
    this.pause = pause;
  }

  /**
   * Completes when the settlement is on disk, by Redis or by the spool. Where it is open whether
   * Redis took it, the spool has it too: the ledger takes it once.
   */
  Mono<Void> settle(Settlement settlement) {
    if (pause.isOn()) {
      return spool.append(settlement);
    }
    return ledger
        .settle(settlement)
        .onErrorResume(
            DataAccessException.class,
            error -> {
              if (error instanceof StoreUnavailableException) {
                pause.begin();
              }
              return spool.append(settlement);
            });
  }

  /** Whether the end of this many requests might find no room while Redis is away. */
  boolean isFull(int requests) {
    return spool.isFull(requests);
  }
}
