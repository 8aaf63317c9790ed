package dev.baton.admin.limits;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What became of a reservation. */
public sealed interface Verdict {

  /** When it was decided, by Redis' clock. */
  Instant at();

  Used tenant();

  Used key();

  default Used of(Scope scope) {
    return switch (scope) {
      case TENANT -> tenant();
      case KEY -> key();
    };
  }

  /** The request may begin; what it may use is counted already. */
  record Admitted(Instant at, Used tenant, Used key) implements Verdict {}

  /**
   * The request would exceed a limit; nothing was counted.
   *
   * @param retryAfter when it may fit, null when that is not known
   * @param neverFits the request alone is more than the limit, or than what is left of a budget
   */
  record Refused(
      Instant at,
      Used tenant,
      Used key,
      Scope scope,
      LimitKind kind,
      @Nullable Duration retryAfter,
      boolean neverFits)
      implements Verdict {}
}
