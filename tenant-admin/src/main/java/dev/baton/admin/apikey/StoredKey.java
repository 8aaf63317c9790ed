package dev.baton.admin.apikey;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A key as it is stored; never changes. */
record StoredKey(String name, String sha256, Instant createdAt, @Nullable Instant expiresAt) {}
