package dev.baton.admin.limits;

import org.jspecify.annotations.Nullable;

/** What is counted against a limit, in the order of the scripts. */
public enum LimitKind {
  REQUESTS_PER_MINUTE,
  TOKENS_PER_MINUTE,
  CONCURRENT_STREAMS,
  TOKENS_PER_DAY,
  TOKENS_PER_MONTH;

  /** Where a kind stands in the scripts' arrays, from 1 on. */
  static LimitKind numbered(String number) {
    return values()[Integer.parseInt(number) - 1];
  }

  /** The limit of this kind, or null where there is none. */
  public @Nullable Long of(Limits limits) {
    return switch (this) {
      case REQUESTS_PER_MINUTE -> limits.requestsPerMinute();
      case TOKENS_PER_MINUTE -> limits.tokensPerMinute();
      case CONCURRENT_STREAMS -> limits.concurrentStreams();
      case TOKENS_PER_DAY -> limits.tokensPerDay();
      case TOKENS_PER_MONTH -> limits.tokensPerMonth();
    };
  }

  /** Whether it is a budget: spent until its period ends, not until a moment has passed. */
  public boolean isBudget() {
    return this == TOKENS_PER_DAY || this == TOKENS_PER_MONTH;
  }
}
