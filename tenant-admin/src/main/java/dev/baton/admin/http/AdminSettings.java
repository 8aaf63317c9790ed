package dev.baton.admin.http;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * The admin API's credential and limits.
 *
 * @param token the bearer token that opens the admin API
 * @param maxBody longest body of a request in general
 * @param maxPromptBody longest body that carries a prompt
 */
@ConfigurationProperties("baton.admin")
record AdminSettings(
    @Nullable String token,
    @DefaultValue("64KB") DataSize maxBody,
    @DefaultValue("1MB") DataSize maxPromptBody) {
  /** 128 bits in base 64. */
  private static final int MIN_TOKEN_LENGTH = 22;

  AdminSettings {
    if (token == null || token.length() < MIN_TOKEN_LENGTH) {
      throw new IllegalArgumentException(
          ("baton.admin.token must be at least %d random characters (128 bits), "
                  + "for example the output of 'openssl rand -base64 24'; it %s")
              .formatted(
                  MIN_TOKEN_LENGTH,
                  token == null ? "is not set" : "has " + token.length() + " characters"));
    }
    if (!token.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
      throw new IllegalArgumentException(
          "baton.admin.token must consist of visible ASCII characters without spaces");
    }
    requireRange("max-body", maxBody);
    requireRange("max-prompt-body", maxPromptBody);
  }

  private static void requireRange(String name, DataSize size) {
    if (size.toBytes() < 1024 || size.toBytes() > DataSize.ofMegabytes(64).toBytes()) {
      throw new IllegalArgumentException(
          "baton.admin.%s must be between 1KB and 64MB, not %s".formatted(name, size));
    }
  }

  /** The token stays out of logs and messages. */
  @Override
  public String toString() {
    return "AdminSettings[maxBody=" + maxBody + ", maxPromptBody=" + maxPromptBody + "]";
  }
}
