package dev.baton.admin.limits;

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
  public static final Used NOTHING = new Used(0, 0, 0, 0, 0);

  /** As the scripts tell it: five numbers, a blank between them. */
  static Used parse(String numbers) {
    String[] values = numbers.split(" ");
    return new Used(
        Long.parseLong(values[0]),
        Long.parseLong(values[1]),
        Long.parseLong(values[2]),
        Long.parseLong(values[3]),
        Long.parseLong(values[4]));
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
