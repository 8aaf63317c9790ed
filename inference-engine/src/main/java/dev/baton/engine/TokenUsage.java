package dev.baton.engine;

import java.time.Duration;

/**
 * What a request used.
 *
 * @param promptTokens tokens of the whole prompt
 * @param cachedTokens of those, the ones read from the system KV, also by the request that had it
 *     filled
 * @param completionTokens tokens generated
 * @param queued from acceptance to the first computed token of the prompt
 * @param timeToFirstToken from acceptance to the first generated token; zero when there was none
 * @param total from acceptance to the end
 */
public record TokenUsage(
    int promptTokens,
    int cachedTokens,
    int completionTokens,
    Duration queued,
    Duration timeToFirstToken,
    Duration total) {}
