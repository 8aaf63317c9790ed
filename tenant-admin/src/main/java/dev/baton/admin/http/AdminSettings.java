package dev.baton.admin.http;

import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * The admin API's credentials and limits.
 *
 * @param token the bearer token of the owner {@code admin}; needed where there is no other way in
 * @param tokens further tokens by their holders' names, for development
 * @param oidc whose JWTs are taken, or null for nobody's
 * @param maxBody longest body of a request in general
 * @param maxPromptBody longest body that carries a prompt
 * @param idempotencyKept how long the answer to an {@code Idempotency-Key} is kept
 * @param idempotencyLock how long a request with such a key may take before it counts as lost
 */
@ConfigurationProperties("baton.admin")
record AdminSettings(
    @Nullable String token,
    @DefaultValue Map<String, NamedToken> tokens,
    @Nullable OidcSettings oidc,
    @DefaultValue("64KB") DataSize maxBody,
    @DefaultValue("1MB") DataSize maxPromptBody,
    @DefaultValue("24h") Duration idempotencyKept,
    @DefaultValue("1m") Duration idempotencyLock) {
  /** 128 bits in base 64. */
  private static final int MIN_TOKEN_LENGTH = 22;

  /** A bearer token and what its holder may. */
  record NamedToken(@Nullable String token, @Nullable Role role) {
    /** The token stays out of logs and messages. */
    @Override
    public String toString() {
      return "NamedToken[" + role + "]";
    }
  }

  AdminSettings {
    tokens = Map.copyOf(tokens);
    if (token != null || (tokens.isEmpty() && oidc == null)) {
      requireToken("baton.admin.token", token);
    }
    Set<String> known = new HashSet<>();
    known.add(String.valueOf(token));
    tokens.forEach((name, named) -> {
      String key = "baton.admin.tokens." + name;
      if (!name.matches("[A-Za-z0-9._@-]{1,64}") || name.equals("admin")) {
        throw new IllegalArgumentException(
            key + " must name its holder in 1 to 64 of A-Z a-z 0-9 . _ @ -, and not as 'admin'");
      }
      requireToken(key + ".token", named.token());
      if (named.role() == null) {
        throw new IllegalArgumentException(key + ".role must be owner, operator or auditor");
      }
      if (!known.add(String.valueOf(named.token()))) {
        throw new IllegalArgumentException(key + ".token is another's token, too");
      }
    });
    requireRange("max-body", maxBody);
    requireRange("max-prompt-body", maxPromptBody);
    requireRange("idempotency-kept", idempotencyKept, Duration.ofDays(30));
    requireRange("idempotency-lock", idempotencyLock, Duration.ofHours(1));
  }

  private static void requireToken(String key, @Nullable String token) {
    if (token == null || token.length() < MIN_TOKEN_LENGTH) {
      throw new IllegalArgumentException(
          ("%s must be at least %d random characters (128 bits), "
                  + "for example the output of 'openssl rand -base64 24'; it %s")
              .formatted(
                  key,
                  MIN_TOKEN_LENGTH,
                  token == null ? "is not set" : "has " + token.length() + " characters"));
    }
    if (!token.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
      throw new IllegalArgumentException(
          key + " must consist of visible ASCII characters without spaces");
    }
  }

  private static void requireRange(String name, DataSize size) {
    if (size.toBytes() < 1024 || size.toBytes() > DataSize.ofMegabytes(64).toBytes()) {
      throw new IllegalArgumentException(
          "baton.admin.%s must be between 1KB and 64MB, not %s".formatted(name, size));
    }
  }

  private static void requireRange(String name, Duration time, Duration longest) {
    if (!time.isPositive() || time.compareTo(longest) > 0) {
      throw new IllegalArgumentException(
          "baton.admin.%s must be more than 0 and at most %s, not %s"
              .formatted(name, longest, time));
    }
  }

  /** The tokens stay out of logs and messages. */
  @Override
  public String toString() {
    return "AdminSettings[maxBody=" + maxBody + ", maxPromptBody=" + maxPromptBody + "]";
  }
}
