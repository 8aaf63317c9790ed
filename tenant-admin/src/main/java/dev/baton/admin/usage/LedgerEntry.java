package dev.baton.admin.usage;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One request in the ledger.
 *
 * @param id its place in the tenant's ledger: {@code MILLIS-SEQUENCE} of its settlement
 * @param beganAt when it was admitted
 * @param at when it ended
 * @param promptVersion null without a system prompt
 */
record LedgerEntry(
    String id,
    String requestId,
    Instant beganAt,
    Instant at,
    String keyId,
    @Nullable String promptVersion,
    String finish,
    long promptTokens,
    long cachedTokens,
    long completionTokens,
    long queuedMillis,
    long timeToFirstTokenMillis,
    long durationMillis) {
  static final String REQUEST = "request";
  static final String KEY = "key";
  static final String VERSION = "version";
  static final String FINISH = "finish";
  static final String BEGAN = "began";
  static final String ENDED = "ended";
  static final String PROMPT = "prompt";
  static final String CACHED = "cached";
  static final String COMPLETION = "completion";
  static final String QUEUED = "queued";
  static final String FIRST_TOKEN = "first_token";
  static final String TOTAL = "total";

  static LedgerEntry parse(String id, Map<String, String> fields) {
    String version = text(fields, VERSION);
    return new LedgerEntry(
        id,
        text(fields, REQUEST),
        time(fields, BEGAN),
        time(fields, ENDED),
        text(fields, KEY),
        version.equals(Ledger.NO_VERSION) ? null : version,
        text(fields, FINISH),
        number(fields, PROMPT),
        number(fields, CACHED),
        number(fields, COMPLETION),
        number(fields, QUEUED),
        number(fields, FIRST_TOKEN),
        number(fields, TOTAL));
  }

  private static String text(Map<String, String> fields, String name) {
    String value = fields.get(name);
    if (value == null) {
      throw new IllegalStateException("an entry of the ledger has no " + name);
    }
    return value;
  }

  private static long number(Map<String, String> fields, String name) {
    return Long.parseLong(text(fields, name));
  }

  private static Instant time(Map<String, String> fields, String name) {
    return Instant.ofEpochMilli(number(fields, name));
  }
}
