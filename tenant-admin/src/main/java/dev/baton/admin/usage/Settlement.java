package dev.baton.admin.usage;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What one request used.
 *
 * @param requestId settles once
 * @param promptVersionId the system prompt it was answered with, or null without one
 * @param beganAt when it was admitted, by Redis' clock where that could be asked
 * @param promptTokens of the whole prompt
 * @param cachedTokens of those, the ones read from the system KV
 * @param queued from acceptance to the first computed token of the prompt
 * @param timeToFirstToken from acceptance to the first generated token; zero when there was none
 * @param total from acceptance to the end
 */
public record Settlement(
    String requestId,
    String tenantId,
    String keyId,
    @Nullable String promptVersionId,
    Instant beganAt,
    Instant endedAt,
    FinishCause finish,
    int promptTokens,
    int cachedTokens,
    int completionTokens,
    Duration queued,
    Duration timeToFirstToken,
    Duration total) {}
