package dev.baton.admin.systemprompt;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Limits of prompts and of the commands about them.
 *
 * @param maxVersions prompt versions a tenant may have
 * @param maxDrafts drafts a tenant may have
 * @param tenantPinBudget KV memory a tenant may pin that has no budget of its own; null is the
 *     device's alone
 * @param minRemainingTokens context that a prompt must leave for a request and its answer
 * @param activationTimeout an activation that has not ended by then counts as failed
 * @param commandWait how long a residency command waits for its end before it answers 202
 */
@ConfigurationProperties("baton.admin")
record PromptSettings(
    @DefaultValue("1000") int maxVersions,
    @DefaultValue("100") int maxDrafts,
    @Nullable DataSize tenantPinBudget,
    @DefaultValue("64") int minRemainingTokens,
    @DefaultValue("10m") Duration activationTimeout,
    @DefaultValue("2s") Duration commandWait) {
  PromptSettings {
    requirePositive("max-versions", maxVersions > 0, maxVersions);
    requirePositive("max-drafts", maxDrafts > 0, maxDrafts);
    requirePositive(
        "tenant-pin-budget",
        tenantPinBudget == null || tenantPinBudget.toBytes() > 0,
        String.valueOf(tenantPinBudget));
    requirePositive("min-remaining-tokens", minRemainingTokens > 0, minRemainingTokens);
    requirePositive("activation-timeout", activationTimeout.isPositive(), activationTimeout);
    requirePositive("command-wait", commandWait.isPositive(), commandWait);
  }

  /** The largest number that scripts count exactly. */
  static final long MOST_BYTES = 1L << 53;

  /** What a tenant may pin that has no budget of its own; as good as all where nothing is set. */
  long tenantPinBudgetBytes() {
    return tenantPinBudget == null ? MOST_BYTES : tenantPinBudget.toBytes();
  }

  private static void requirePositive(String name, boolean positive, Object value) {
    if (!positive) {
      throw new IllegalArgumentException(
          "baton.admin.%s must be more than 0, not %s".formatted(name, value));
    }
  }
}
