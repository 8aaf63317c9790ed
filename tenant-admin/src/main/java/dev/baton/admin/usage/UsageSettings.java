package dev.baton.admin.usage;

import java.time.Duration;
import java.util.Set;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How long usage is kept.
 *
 * @param ledgerTime how long an entry of the ledger is kept
 * @param ledgerEntries entries a tenant's ledger has about at most
 * @param minutes how long usage by minute is kept
 * @param hours how long usage by hour is kept
 * @param days how long usage by day is kept
 * @param replayTime how long after its begin a request can be settled again without being counted
 *     again; what was spooled while Redis was away must be replayed within it
 * @param unbilled ways of ending that cost nothing; their tokens count all the same
 */
@ConfigurationProperties("baton.usage")
record UsageSettings(
    @DefaultValue("35d") Duration ledgerTime,
    @DefaultValue("1000000") long ledgerEntries,
    @DefaultValue("48h") Duration minutes,
    @DefaultValue("93d") Duration hours,
    @DefaultValue("1100d") Duration days,
    @DefaultValue("48h") Duration replayTime,
    @DefaultValue({"failed", "drained"}) Set<FinishCause> unbilled) {
  UsageSettings {
    unbilled = Set.copyOf(unbilled);
    requireAtLeast("ledger-time", ledgerTime, Duration.ofHours(1));
    requireAtLeast("minutes", minutes, Duration.ofHours(1));
    requireAtLeast("hours", hours, Duration.ofDays(1));
    requireAtLeast("days", days, Duration.ofDays(32));
    requireAtLeast("replay-time", replayTime, Duration.ofHours(1));
    if (ledgerEntries < 1000) {
      throw new IllegalArgumentException(
          "baton.usage.ledger-entries must be at least 1000, not " + ledgerEntries);
    }
  }

  private static void requireAtLeast(String name, Duration value, Duration least) {
    if (value.compareTo(least) < 0) {
      throw new IllegalArgumentException(
          "baton.usage.%s must be at least %s, not %s".formatted(name, least, value));
    }
  }

  /** Whether requests that ended this way cost something. */
  boolean isBilled(String finish) {
    return unbilled.stream().noneMatch(cause -> cause.text().equals(finish));
  }

  Duration kept(Bucket bucket) {
    return switch (bucket) {
      case MINUTE -> minutes;
      case HOUR -> hours;
      case DAY -> days;
    };
  }
}
