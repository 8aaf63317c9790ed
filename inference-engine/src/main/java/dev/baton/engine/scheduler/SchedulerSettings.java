package dev.baton.engine.scheduler;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Limits and weights of the scheduler.
 *
 * @param maxSequences sequences in the running batch at most
 * @param tokensPerStep tokens a step computes at most; more than {@code maxSequences}, so that
 *     decodes never keep prompts from advancing
 * @param promptWeight what a computed prompt token counts in a tenant's service
 * @param outputWeight what a generated token counts in a tenant's service
 * @param affinityTokens weighted tokens of service that a tenant may be ahead of the one served
 *     least and still go first because relay makes its next sequence cheaper
 * @param decodeLatencyTarget time that a step with decodes may take, so that prompts which join it
 *     do not delay them more; null for no bound
 */
public record SchedulerSettings(
    int maxSequences,
    int tokensPerStep,
    RelayMode relay,
    int promptWeight,
    int outputWeight,
    int affinityTokens,
    @Nullable Duration decodeLatencyTarget) {
  public SchedulerSettings {
    Objects.requireNonNull(relay);
    if (maxSequences < 1) {
      throw new IllegalArgumentException("max sequences must be at least 1, not " + maxSequences);
    }
    if (tokensPerStep <= maxSequences) {
      throw new IllegalArgumentException(
          "tokens per step (%d) must be more than max sequences (%d)"
              .formatted(tokensPerStep, maxSequences));
    }
    if (decodeLatencyTarget != null && !decodeLatencyTarget.isPositive()) {
      throw new IllegalArgumentException(
          "the decode latency target must be positive, not " + decodeLatencyTarget);
    }
    if (promptWeight < 1 || outputWeight < 1 || affinityTokens < 0) {
      throw new IllegalArgumentException(
          "fairness needs weights of at least 1 and an affinity of at least 0, not %d, %d and %d"
              .formatted(promptWeight, outputWeight, affinityTokens));
    }
  }

  /** Without a bound on the time of steps. */
  public SchedulerSettings(
      int maxSequences,
      int tokensPerStep,
      RelayMode relay,
      int promptWeight,
      int outputWeight,
      int affinityTokens) {
    this(maxSequences, tokensPerStep, relay, promptWeight, outputWeight, affinityTokens, null);
  }

  public SchedulerSettings withSequences(int count, int tokens) {
    return new SchedulerSettings(
        count, tokens, relay, promptWeight, outputWeight, affinityTokens, decodeLatencyTarget);
  }

  public SchedulerSettings withRelay(RelayMode mode) {
    return new SchedulerSettings(
        maxSequences,
        tokensPerStep,
        mode,
        promptWeight,
        outputWeight,
        affinityTokens,
        decodeLatencyTarget);
  }

  public SchedulerSettings withDecodeLatencyTarget(@Nullable Duration target) {
    return new SchedulerSettings(
        maxSequences, tokensPerStep, relay, promptWeight, outputWeight, affinityTokens, target);
  }
}
