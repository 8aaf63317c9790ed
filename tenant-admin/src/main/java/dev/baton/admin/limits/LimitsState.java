package dev.baton.admin.limits;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What of its limits a tenant or a key uses now.
 *
 * @param at by Redis' clock
 */
record LimitsState(
    Instant at,
    Standing requestsPerMinute,
    Standing tokensPerMinute,
    Standing concurrentStreams,
    Standing tokensPerDay,
    Standing tokensPerMonth) {

  /**
   * How a limit stands.
   *
   * @param limit null for none
   * @param used reservations of running requests included
   * @param left null without a limit
   */
  record Standing(@Nullable Long limit, long used, @Nullable Long left) {}

  static LimitsState of(Instant at, Limits limits, Used used) {
    return new LimitsState(
        at,
        standing(LimitKind.REQUESTS_PER_MINUTE, limits, used),
        standing(LimitKind.TOKENS_PER_MINUTE, limits, used),
        standing(LimitKind.CONCURRENT_STREAMS, limits, used),
        standing(LimitKind.TOKENS_PER_DAY, limits, used),
        standing(LimitKind.TOKENS_PER_MONTH, limits, used));
  }

  private static Standing standing(LimitKind kind, Limits limits, Used used) {
    Long limit = kind.of(limits);
    long count = used.of(kind);
    return new Standing(limit, count, limit == null ? null : Math.max(0, limit - count));
  }
}
