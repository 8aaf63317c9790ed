package dev.baton.admin.apikey;

import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A key as it is stored.
 *
 * @param sha256 of the whole key
 * @param scopes what it may; null in a key of before there were scopes
 * @param previousSha256 of the key before its last rotation, or null
 * @param previousUntil from then on the former secret is refused
 */
record StoredKey(
    String name,
    String sha256,
    Instant createdAt,
    @Nullable Instant expiresAt,
    @Nullable List<KeyScope> scopes,
    @Nullable Instant rotatedAt,
    @Nullable String previousSha256,
    @Nullable Instant previousUntil) {

  Set<KeyScope> allowed() {
    return scopes == null ? KeyScope.USUAL : EnumSet.copyOf(scopes);
  }

  StoredKey with(String newName, @Nullable Instant newExpiry, Set<KeyScope> newScopes) {
    return new StoredKey(
        newName,
        sha256,
        createdAt,
        newExpiry,
        newScopes.stream().sorted().toList(),
        rotatedAt,
        previousSha256,
        previousUntil);
  }

  /** The former secret goes on until then; the one before it ends now. */
  StoredKey rotated(String newSha256, Instant now, Instant until) {
    return new StoredKey(
        name,
        newSha256,
        createdAt,
        expiresAt,
        scopes,
        now,
        until.isAfter(now) ? sha256 : null,
        until.isAfter(now) ? until : null);
  }
}
