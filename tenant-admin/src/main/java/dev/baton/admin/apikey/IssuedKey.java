package dev.baton.admin.apikey;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A new key, or a key's new secret, at the only moment at which the secret is known.
 *
 * @param previousSecretUntil how long the secret before goes on working, or null
 * @param secret the whole key, as a client sends it
 */
public record IssuedKey(
    String id,
    String name,
    String prefix,
    List<KeyScope> scopes,
    Instant createdAt,
    @Nullable Instant expiresAt,
    @Nullable Instant previousSecretUntil,
    String secret) {

  static IssuedKey of(KeyText key, StoredKey stored) {
    return new IssuedKey(
        key.keyId(),
        stored.name(),
        KeyText.prefix(key.tenantId(), key.keyId()),
        ApiKey.sorted(stored.allowed()),
        stored.createdAt(),
        stored.expiresAt(),
        stored.previousUntil(),
        key.text());
  }

  /** The secret stays out of logs and messages. */
  @Override
  public String toString() {
    return "IssuedKey[" + prefix + "]";
  }
}
