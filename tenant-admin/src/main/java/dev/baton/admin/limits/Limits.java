package dev.baton.admin.limits;

import dev.baton.admin.http.AdminProblem;
import org.jspecify.annotations.Nullable;

/**
 * The limits of a tenant or of one key; null is no limit. A request must stay within those of its
 * tenant and those of its key.
 *
 * @param requestsPerMinute requests admitted in any 60 s
 * @param tokensPerMinute prompt and completion tokens of requests admitted in any 60 s
 * @param concurrentStreams requests under way, streaming or not
 * @param tokensPerDay prompt and completion tokens of a day in UTC
 * @param tokensPerMonth the same of a calendar month
 * @param maxInputTokens prompt tokens of one request, its system prompt included
 * @param maxOutputTokens completion tokens of one request
 * @param clientSystemMessages null appends; of tenant and key the stricter counts
 */
public record Limits(
    @Nullable Long requestsPerMinute,
    @Nullable Long tokensPerMinute,
    @Nullable Long concurrentStreams,
    @Nullable Long tokensPerDay,
    @Nullable Long tokensPerMonth,
    @Nullable Long maxInputTokens,
    @Nullable Long maxOutputTokens,
    @Nullable ClientSystemMessages clientSystemMessages) {

  /** More than anyone uses, and exact in the scripts' arithmetic (2^53). */
  static final long MOST = 1_000_000_000_000L;

  /** No limit at all. */
  public static final Limits NONE = new Limits(null, null, null, null, null, null, null, null);

  public Limits {
    check("requestsPerMinute", requestsPerMinute);
    check("tokensPerMinute", tokensPerMinute);
    check("concurrentStreams", concurrentStreams);
    check("tokensPerDay", tokensPerDay);
    check("tokensPerMonth", tokensPerMonth);
    check("maxInputTokens", maxInputTokens);
    check("maxOutputTokens", maxOutputTokens);
  }

  private static void check(String field, @Nullable Long value) {
    if (value != null && (value < 1 || value > MOST)) {
      throw AdminProblem.invalid(
          field, "must be between 1 and %d, or null for no limit".formatted(MOST));
    }
  }

  /** Whether a day or a month has a budget. */
  public boolean hasBudget() {
    return tokensPerDay != null || tokensPerMonth != null;
  }

  /** Whether tokens are counted against anything. */
  public boolean limitsTokens() {
    return tokensPerMinute != null || hasBudget();
  }

  /** A part of the rates, at least 1 of each; what bounds a single request stays whole. */
  public Limits part(double share) {
    return new Limits(
        part(requestsPerMinute, share),
        part(tokensPerMinute, share),
        part(concurrentStreams, share),
        tokensPerDay,
        tokensPerMonth,
        maxInputTokens,
        maxOutputTokens,
        clientSystemMessages);
  }

  private static @Nullable Long part(@Nullable Long limit, double share) {
    return limit == null ? null : Math.max(1, (long) (limit * share));
  }
}
