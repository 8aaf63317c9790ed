package dev.baton.admin.usage;

import java.math.BigDecimal;
import java.util.Objects;
import java.util.Optional;

/**
 * The ledger as CSV (RFC 4180). Nothing in it needs quoting: ids, times, numbers and words of this
 * program.
 */
final class LedgerCsv {
  static final String HEADER =
      "request_id,began_at,ended_at,key_id,prompt_version,finish,prompt_tokens,cached_tokens,"
          + "completion_tokens,queued_ms,first_token_ms,total_ms,cost,currency\r\n";

  private LedgerCsv() {}

  /**
   * A line.
   *
   * @param price in force when the request ended; empty leaves the cost empty
   * @param billed whether such a request costs something
   */
  static String line(LedgerEntry entry, Optional<Price> price, boolean billed) {
    return String.join(
            ",",
            entry.requestId(),
            entry.beganAt().toString(),
            entry.at().toString(),
            entry.keyId(),
            Objects.requireNonNullElse(entry.promptVersion(), ""),
            entry.finish(),
            Long.toString(entry.promptTokens()),
            Long.toString(entry.cachedTokens()),
            Long.toString(entry.completionTokens()),
            Long.toString(entry.queuedMillis()),
            Long.toString(entry.timeToFirstTokenMillis()),
            Long.toString(entry.durationMillis()),
            price.map(found -> cost(entry, found, billed).toPlainString()).orElse(""),
            price.map(Price::currency).orElse(""))
        + "\r\n";
  }

  private static BigDecimal cost(LedgerEntry entry, Price price, boolean billed) {
    return billed
        ? price.of(entry.promptTokens(), entry.cachedTokens(), entry.completionTokens())
        : BigDecimal.ZERO;
  }
}
