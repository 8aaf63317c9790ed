package dev.baton.engine;

import java.util.Objects;

/**
 * The identity of a system KV: one prompt version of one tenant. Never derived from content, so
 * that identical prompts of two tenants are two system KVs.
 */
public record SystemKvKey(String tenantId, String versionId) {
  public SystemKvKey {
    Objects.requireNonNull(tenantId);
    Objects.requireNonNull(versionId);
  }
}
