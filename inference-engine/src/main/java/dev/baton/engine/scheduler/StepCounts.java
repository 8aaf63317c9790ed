package dev.baton.engine.scheduler;

/**
 * What the steps so far computed; counts since start.
 *
 * @param lastSequences sequence parts of the last step, fills included
 * @param lastGroups tenant groups of the last step
 * @param systemKvTokensSaved system tokens that relay did not read again for each sequence
 */
public record StepCounts(
    long steps,
    int lastSequences,
    int lastGroups,
    long prefillTokens,
    long decodeTokens,
    long relayedTokens,
    long plainTokens,
    long systemKvTokensSaved,
    long preemptions) {}
