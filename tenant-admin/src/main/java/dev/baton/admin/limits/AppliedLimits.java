package dev.baton.admin.limits;

import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The limits that a request must stay within: all of its tenant's and all of its key's. */
public record AppliedLimits(Limits tenant, Limits key) {
  public Limits of(Scope scope) {
    return switch (scope) {
      case TENANT -> tenant;
      case KEY -> key;
    };
  }

  /** Whether a day or a month has a budget. */
  public boolean hasBudget() {
    return tenant.hasBudget() || key.hasBudget();
  }

  /** Whether tokens are counted against anything. */
  public boolean limitsTokens() {
    return tenant.limitsTokens() || key.limitsTokens();
  }

  /** Prompt tokens a request may have, or null for any number. */
  public @Nullable Long maxInputTokens() {
    return smaller(tenant.maxInputTokens(), key.maxInputTokens());
  }

  /** Completion tokens a request may have, or null for any number. */
  public @Nullable Long maxOutputTokens() {
    return smaller(tenant.maxOutputTokens(), key.maxOutputTokens());
  }

  /** Whether a chat may not have system messages of its own. */
  public boolean refusesSystemMessages() {
    return tenant.clientSystemMessages() == ClientSystemMessages.REFUSE
        || key.clientSystemMessages() == ClientSystemMessages.REFUSE;
  }

  private static @Nullable Long smaller(@Nullable Long one, @Nullable Long other) {
    return Stream.of(one, other).filter(Objects::nonNull).min(Long::compare).orElse(null);
  }
}
