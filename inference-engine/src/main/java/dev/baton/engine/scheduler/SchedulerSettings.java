package dev.baton.engine.scheduler;

import java.util.Objects;

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
 */
public record SchedulerSettings(
    int maxSequences,
    int tokensPerStep,
    RelayMode relay,
    int promptWeight,
    int outputWeight,
    int affinityTokens) {
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
    if (promptWeight < 1 || outputWeight < 1 || affinityTokens < 0) {
      throw new IllegalArgumentException(
          "fairness needs weights of at least 1 and an affinity of at least 0, not %d, %d and %d"
              .formatted(promptWeight, outputWeight, affinityTokens));
    }
  }
}
