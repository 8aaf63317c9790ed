package dev.baton.admin.usage;

import dev.baton.admin.limits.Reservations;
import dev.baton.admin.storage.Scripts;
import dev.baton.admin.storage.Store;
import dev.baton.admin.storage.StoreUnavailableException;
import dev.baton.admin.storage.TenantKeys;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;

/**
 * Writes what requests used: the end of the reservation, the budgets, the ledger's entry and the
 * sums, in one script and once for each request id.
 *
 * <p>Implementation note: an id that was settled is remembered in a set by the hour its request
 * began, so that a repeated settlement finds the same set however late it comes, and forgotten
 * {@code baton.usage.replay-time} later.
 */
@Component
public final class Ledger {
  /** In place of a version's id where there was no system prompt. */
  static final String NO_VERSION = "-";

  private static final Duration HOUR = Duration.ofHours(1);

  private static final RedisScript<List<String>> SETTLE =
      Reservations.scriptWith(Scripts.text(Ledger.class, "settle.lua"));

  private final Store store;
  private final UsageSettings settings;
  private final InstantSource clock;

  Ledger(Store store, UsageSettings settings, InstantSource clock) {
    this.store = store;
    this.settings = settings;
    this.clock = clock;
  }

  /**
   * Settles a request; a second time does nothing. After a failure it is open whether it happened,
   * and it may be tried again within {@code baton.usage.replay-time}.
   *
   * @throws StoreUnavailableException through the Mono
   */
  public Mono<Void> settle(Settlement settlement) {
    TenantKeys tenant = new TenantKeys(settlement.tenantId());
    List<String> keys = new ArrayList<>(Reservations.keys(tenant));
    keys.add(settledKey(settlement.tenantId(), settlement.beganAt()));
    keys.add(tenant.ledger());
    List<String> args = new ArrayList<>();
    args.add(settlement.requestId());
    args.add(settlement.keyId());
    args.add(millis(settlement.endedAt()));
    args.add(Integer.toString(settlement.promptTokens()));
    args.add(Integer.toString(settlement.cachedTokens()));
    args.add(Integer.toString(settlement.completionTokens()));
    args.add(String.join("|", settlement.keyId(), version(settlement), settlement.finish().text()));
    for (Bucket bucket : Bucket.values()) {
      long part = bucket.part(settlement.endedAt());
      keys.add(tenant.usage(bucket.text(), part));
      args.add(Integer.toString(bucket.slot(settlement.endedAt())));
      args.add(seconds(bucket.end(part).plus(settings.kept(bucket))));
    }
    args.add(
        seconds(Bucket.HOUR.floor(settlement.beganAt()).plus(settings.replayTime()).plus(HOUR)));
    args.add(Long.toString(settings.ledgerEntries()));
    args.add(Long.toString(settings.ledgerTime().toMillis()));
    args.addAll(entry(settlement));
    return store.account(SETTLE, keys, args).then();
  }

  /** Whether a settlement comes so late that the ledger could not tell a repetition. */
  public boolean isTooLate(Settlement settlement) {
    return settlement.beganAt().plus(settings.replayTime()).isBefore(clock.instant());
  }

  /** Where the ids of settled requests stand that began in the same hour as this one. */
  public static String settledKey(String tenantId, Instant beganAt) {
    return new TenantKeys(tenantId).settled(Math.floorDiv(beganAt.getEpochSecond(), 3600));
  }

  private static List<String> entry(Settlement settlement) {
    return List.of(
        LedgerEntry.REQUEST,
        settlement.requestId(),
        LedgerEntry.KEY,
        settlement.keyId(),
        LedgerEntry.VERSION,
        version(settlement),
        LedgerEntry.FINISH,
        settlement.finish().text(),
        LedgerEntry.BEGAN,
        millis(settlement.beganAt()),
        LedgerEntry.ENDED,
        millis(settlement.endedAt()),
        LedgerEntry.PROMPT,
        Integer.toString(settlement.promptTokens()),
        LedgerEntry.CACHED,
        Integer.toString(settlement.cachedTokens()),
        LedgerEntry.COMPLETION,
        Integer.toString(settlement.completionTokens()),
        LedgerEntry.QUEUED,
        Long.toString(settlement.queued().toMillis()),
        LedgerEntry.FIRST_TOKEN,
        Long.toString(settlement.timeToFirstToken().toMillis()),
        LedgerEntry.TOTAL,
        Long.toString(settlement.total().toMillis()));
  }

  private static String version(Settlement settlement) {
    return Objects.requireNonNullElse(settlement.promptVersionId(), NO_VERSION);
  }

  private static String millis(Instant time) {
    return Long.toString(time.toEpochMilli());
  }

  private static String seconds(Instant time) {
    return Long.toString(time.getEpochSecond());
  }
}
