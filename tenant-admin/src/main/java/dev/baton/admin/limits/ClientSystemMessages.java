package dev.baton.admin.limits;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What becomes of {@code system} and {@code developer} messages in a client's chat. */
public enum ClientSystemMessages {
  /** They follow the tenant's prompt. */
  @JsonProperty("append")
  APPEND,
  /** A chat with one is refused. */
  @JsonProperty("refuse")
  REFUSE
}
