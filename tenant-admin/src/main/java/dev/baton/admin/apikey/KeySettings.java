package dev.baton.admin.apikey;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How long nodes believe what they know of keys.
 *
 * @param keyCacheTime how long a node serves a key without asking again; the longest that a
 *     revocation can go unnoticed should its message get lost
 * @param keyGrace how long known keys go on working while Redis is away
 * @param keyCacheSize keys a node remembers at most
 * @param promptCacheCharacters characters of active prompts a node remembers at most
 * @param rotationGrace how long a former secret goes on working after a rotation, if it is not said
 * @param maxKeys keys a tenant may have, revoked ones included
 */
@ConfigurationProperties("baton.admin")
record KeySettings(
    @DefaultValue("5s") Duration keyCacheTime,
    @DefaultValue("5m") Duration keyGrace,
    @DefaultValue("10000") int keyCacheSize,
    @DefaultValue("67108864") long promptCacheCharacters,
    @DefaultValue("24h") Duration rotationGrace,
    @DefaultValue("1000") int maxKeys) {
  static final Duration MAX_ROTATION_GRACE = Duration.ofDays(30);

  KeySettings {
    if (keyCacheTime.isNegative() || keyCacheTime.compareTo(Duration.ofMinutes(1)) > 0) {
      throw new IllegalArgumentException(
          "baton.admin.key-cache-time must be between 0s and 1m, not " + keyCacheTime);
    }
    if (keyGrace.compareTo(keyCacheTime) < 0) {
      throw new IllegalArgumentException(
          "baton.admin.key-grace must be at least baton.admin.key-cache-time, not " + keyGrace);
    }
    if (rotationGrace.isNegative() || rotationGrace.compareTo(MAX_ROTATION_GRACE) > 0) {
      throw new IllegalArgumentException(
          "baton.admin.rotation-grace must be between 0s and 30d, not " + rotationGrace);
    }
    requirePositive("key-cache-size", keyCacheSize);
    requirePositive("prompt-cache-characters", promptCacheCharacters);
    requirePositive("max-keys", maxKeys);
  }

  private static void requirePositive(String name, long value) {
    if (value < 1) {
      throw new IllegalArgumentException(
          "baton.admin.%s must be at least 1, not %d".formatted(name, value));
    }
  }
}
