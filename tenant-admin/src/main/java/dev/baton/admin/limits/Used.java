package dev.baton.admin.limits;

import java.util.List;

/**
 * What of its limits a tenant or a key uses, reservations of running requests included.
 *
 * @param requests admitted in the last minute
 * @param tokens of requests admitted in the last minute
 * @param streams requests under way
 * @param tokensOfDay settled since midnight in UTC, and reserved
 * @param tokensOfMonth settled since the first of the month, and reserved
 */
public record Used(long requests, long tokens, long streams, long tokensOfDay, long tokensOfMonth) {
  static final int COUNT = 5;
  public static final Used NOTHING = new Used(0, 0, 0, 0, 0);

  static Used parse(List<String> numbers) {
    long[] values = numbers.stream().mapToLong(Long::parseLong).toArray();
    return new Used(values[0], values[1], values[2], values[3], values[4]);
  }

  public long of(LimitKind kind) {
    return switch (kind) {
      case REQUESTS_PER_MINUTE -> requests;
      case TOKENS_PER_MINUTE -> tokens;
      case CONCURRENT_STREAMS -> streams;
      case TOKENS_PER_DAY -> tokensOfDay;
      case TOKENS_PER_MONTH -> tokensOfMonth;
    };
  }
}
