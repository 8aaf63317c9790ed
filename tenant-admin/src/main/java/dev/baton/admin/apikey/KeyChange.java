package dev.baton.admin.apikey;

import java.time.Instant;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is to be changed of a key; null stays as it is.
 *
 * @param changesExpiry whether {@code expiresAt} is meant: null is then a key that never expires
 */
record KeyChange(
    @Nullable String name,
    @Nullable Set<KeyScope> scopes,
    boolean changesExpiry,
    @Nullable Instant expiresAt) {

  StoredKey applyTo(StoredKey key) {
    return key.with(
        name == null ? key.name() : name,
        changesExpiry ? expiresAt : key.expiresAt(),
        scopes == null ? key.allowed() : scopes);
  }
}
