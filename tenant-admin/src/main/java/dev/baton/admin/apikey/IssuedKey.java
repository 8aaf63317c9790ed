package dev.baton.admin.apikey;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A new key, at the only moment at which its secret is known.
 *
 * @param secret the whole key, as a client sends it
 */
public record IssuedKey(
    String id,
    String name,
    String prefix,
    Instant createdAt,
    @Nullable Instant expiresAt,
    String secret) {

  /** The secret stays out of logs and messages. */
  @Override
  public String toString() {
    return "IssuedKey[" + prefix + "]";
  }
}
