package dev.baton.admin.apikey;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * An API key as an admin sees it, without its secret.
 *
 * @param prefix the key's visible beginning, to recognise it by
 * @param expiresAt from then on it is refused; null is never
 * @param lastUsedAt coarse, at most a few minutes old; null when it was never used
 */
public record ApiKey(
    String id,
    String name,
    String prefix,
    Instant createdAt,
    @Nullable Instant expiresAt,
    @Nullable Instant revokedAt,
    @Nullable Instant lastUsedAt) {}
