package dev.baton.admin.systemprompt;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A switch to a prompt version on its way: filled first, active only when resident.
 *
 * @param filledTokens tokens of the system KV computed so far
 * @param totalTokens tokens it will have; 0 while unknown
 * @param error why it failed and what to do, or null
 */
public record Activation(
    String id,
    String tenantId,
    String versionId,
    State state,
    int filledTokens,
    int totalTokens,
    @Nullable String error,
    Instant createdAt) {

  /** How far it is. */
  public enum State {
    @JsonProperty("queued")
    QUEUED,
    @JsonProperty("filling")
    FILLING,
    @JsonProperty("resident")
    RESIDENT,
    @JsonProperty("active")
    ACTIVE,
    @JsonProperty("failed")
    FAILED,
    @JsonProperty("cancelled")
    CANCELLED;

    /** Whether nothing more will come of it. */
    boolean ended() {
      return this == ACTIVE || this == FAILED || this == CANCELLED;
    }
  }
}
