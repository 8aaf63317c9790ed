package dev.baton.admin.apikey;

import java.time.Instant;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An API key as an admin sees it, without its secret.
 *
 * @param prefix the key's visible beginning, to recognise it by; a rotation does not change it
 * @param expiresAt from then on it is refused; null is never
 * @param lastUsedAt coarse, at most a few minutes old; null when it was never used
 * @param rotatedAt when it got its present secret, if not at its creation
 * @param previousSecretUntil how long the secret before goes on working, or null
 */
public record ApiKey(
    String id,
    String name,
    String prefix,
    List<KeyScope> scopes,
    Instant createdAt,
    @Nullable Instant expiresAt,
    @Nullable Instant revokedAt,
    @Nullable Instant lastUsedAt,
    @Nullable Instant rotatedAt,
    @Nullable Instant previousSecretUntil) {

  static ApiKey of(
      String tenantId,
      String id,
      StoredKey key,
      @Nullable Instant revokedAt,
      @Nullable Instant lastUsedAt) {
    return new ApiKey(
        id,
        key.name(),
        KeyText.prefix(tenantId, id),
        sorted(key.allowed()),
        key.createdAt(),
        key.expiresAt(),
        revokedAt,
        lastUsedAt,
        key.rotatedAt(),
        key.previousUntil());
  }

  static List<KeyScope> sorted(Collection<KeyScope> scopes) {
    return scopes.stream().sorted().toList();
  }
}
