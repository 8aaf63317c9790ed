package dev.baton.platform.quota;

import dev.baton.admin.limits.AppliedLimits;
import dev.baton.admin.limits.LimitKind;
import dev.baton.admin.limits.Scope;
import dev.baton.admin.limits.Verdict;
import dev.baton.platform.problem.ApiProblem;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Objects;

/** What a caller is told who has reached a limit. */
final class Refusals {
  /** Streams end when they end; a moment later one may have. */
  private static final Duration STREAM_RETRY = Duration.ofSeconds(1);

  private Refusals() {}

  static ApiProblem of(Verdict.Refused refused, AppliedLimits limits, long tokens) {
    long limit = Objects.requireNonNull(refused.kind().of(limits.of(refused.scope())));
    long used = refused.of(refused.scope()).of(refused.kind());
    String whose = refused.scope() == Scope.TENANT ? "tenant" : "key";
    if (refused.kind().isBudget() && !refused.neverFits()) {
      return ApiProblem.rateLimited(
          ("The %s has a budget of %d tokens a %s, of which %d are used or reserved by requests that"
                  + " run; this request may need %d. Repeat it in %s, when one of those has ended.")
              .formatted(whose, limit, period(refused.kind()), used, tokens, text(STREAM_RETRY)),
          STREAM_RETRY);
    }
    if (refused.kind().isBudget()) {
      return ApiProblem.insufficientQuota(
          ("The %s has a budget of %d tokens a %s, of which %d are used or reserved; this request"
                  + " may need %d. A new %s begins on %s (UTC). Set a smaller"
                  + " max_completion_tokens, or ask the operator of this platform for more.")
              .formatted(
                  whose,
                  limit,
                  period(refused.kind()),
                  used,
                  tokens,
                  period(refused.kind()),
                  next(refused.kind(), refused.at())));
    }
    if (refused.neverFits()) {
      return ApiProblem.rateLimited(
          ("This request may need %d tokens, more than the %d that the %s may use in a minute at"
                  + " all. Shorten the messages or set a smaller max_completion_tokens.")
              .formatted(tokens, limit, whose),
          null);
    }
    Duration wait = Objects.requireNonNullElse(refused.retryAfter(), STREAM_RETRY);
    return ApiProblem.rateLimited(
        "The %s has reached its limit of %s. Repeat the request in %s."
            .formatted(whose, limitText(refused.kind(), limit, used, tokens), text(wait)),
        wait);
  }

  private static String limitText(LimitKind kind, long limit, long used, long tokens) {
    return switch (kind) {
      case REQUESTS_PER_MINUTE -> "%d requests per minute".formatted(limit);
      case CONCURRENT_STREAMS -> "%d requests at a time".formatted(limit);
      case TOKENS_PER_MINUTE ->
          "%d tokens per minute: %d are used or reserved, this request may need %d"
              .formatted(limit, used, tokens);
      case TOKENS_PER_DAY, TOKENS_PER_MONTH ->
          throw new IllegalArgumentException(kind + " is a budget");
    };
  }

  private static String text(Duration wait) {
    return Math.max(1, wait.plusMillis(999).toSeconds()) + " s";
  }

  private static String period(LimitKind kind) {
    return kind == LimitKind.TOKENS_PER_DAY ? "day" : "month";
  }

  private static LocalDate next(LimitKind kind, Instant at) {
    LocalDate today = LocalDate.ofInstant(at, ZoneOffset.UTC);
    return kind == LimitKind.TOKENS_PER_DAY
        ? today.plusDays(1)
        : today.withDayOfMonth(1).plusMonths(1);
  }
}
