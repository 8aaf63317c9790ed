package dev.baton.platform.quota;

import dev.baton.admin.limits.AppliedLimits;
import dev.baton.admin.limits.LimitKind;
import dev.baton.admin.limits.Scope;
import dev.baton.admin.limits.Verdict;
import java.math.BigDecimal;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;

/**
 * {@code x-ratelimit-{limit,remaining,reset}-{requests,tokens}} as OpenAI sends them; of tenant and
 * key the one with less left. Nothing is said of what is not limited.
 */
final class RateLimitHeaders {
  /** A request leaves the window when the last second it lies in does. */
  private static final Duration WINDOW = Duration.ofSeconds(MinuteWindow.SECONDS);

  private RateLimitHeaders() {}

  static void write(HttpHeaders headers, AppliedLimits limits, Verdict verdict) {
    write(headers, "requests", LimitKind.REQUESTS_PER_MINUTE, limits, verdict);
    write(headers, "tokens", LimitKind.TOKENS_PER_MINUTE, limits, verdict);
  }

  private static void write(
      HttpHeaders headers, String what, LimitKind kind, AppliedLimits limits, Verdict verdict) {
    @Nullable Scope tighter = null;
    long limit = 0;
    long left = Long.MAX_VALUE;
    for (Scope scope : Scope.values()) {
      Long given = kind.of(limits.of(scope));
      if (given != null && given - verdict.of(scope).of(kind) < left) {
        tighter = scope;
        limit = given;
        left = given - verdict.of(scope).of(kind);
      }
    }
    if (tighter != null) {
      headers.set("x-ratelimit-limit-" + what, Long.toString(limit));
      headers.set("x-ratelimit-remaining-" + what, Long.toString(Math.max(0, left)));
      headers.set("x-ratelimit-reset-" + what, text(untilUnused(verdict, tighter, kind)));
    }
  }

  private static Duration untilUnused(Verdict verdict, Scope scope, LimitKind kind) {
    return verdict.of(scope).of(kind) == 0
        ? Duration.ZERO
        : WINDOW.minusMillis(verdict.at().toEpochMilli() % 1000);
  }

  /**
   * As Go prints durations, which OpenAI's clients read: {@code 1m0.25s}, {@code 12s}, {@code 0s}.
   */
  static String text(Duration duration) {
    long minutes = duration.toMinutes();
    BigDecimal seconds = BigDecimal.valueOf(duration.minusMinutes(minutes).toMillis(), 3);
    return (minutes > 0 ? minutes + "m" : "") + seconds.stripTrailingZeros().toPlainString() + "s";
  }
}
