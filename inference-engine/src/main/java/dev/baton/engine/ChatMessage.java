package dev.baton.engine;

import java.util.Objects;

/** One message of a conversation; roles are {@code system}, {@code user} and {@code assistant}. */
public record ChatMessage(String role, String content) {
  public ChatMessage {
    Objects.requireNonNull(role);
    Objects.requireNonNull(content);
  }

  /** Message text stays out of logs and messages. */
  @Override
  public String toString() {
    return "ChatMessage[" + role + ", " + content.length() + " characters]";
  }
}
