package dev.baton.admin.storage;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How the store is used.
 *
 * @param requireDurable refuse writes when Redis can not show that it syncs each one to disk
 * @param readTimeout longest wait for an answer to a read
 * @param writeTimeout longest wait for a write, its sync to disk included
 * @param unixSocket where the same Redis listens on this machine too; null for nowhere. What stands
 *     in a request's way asks there
 */
@ConfigurationProperties("baton.storage")
record StorageSettings(
    @DefaultValue("true") boolean requireDurable,
    @DefaultValue("500ms") Duration readTimeout,
    @DefaultValue("2s") Duration writeTimeout,
    @Nullable Path unixSocket) {
  StorageSettings {
    requirePositive("read-timeout", readTimeout);
    requirePositive("write-timeout", writeTimeout);
  }

  private static void requirePositive(String name, Duration value) {
    if (!value.isPositive()) {
      throw new IllegalArgumentException(
          "baton.storage.%s must be longer than nothing, not %s".formatted(name, value));
    }
  }
}
