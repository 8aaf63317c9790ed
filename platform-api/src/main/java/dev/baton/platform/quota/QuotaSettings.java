package dev.baton.platform.quota;

import java.nio.file.Path;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * How requests are counted at the door.
 *
 * @param localShare part of each limit that this node grants alone while Redis is away
 * @param defaultOutputTokens completion tokens reserved for a request that names no maximum, where
 *     tokens are limited; such an answer ends there
 * @param storePause how long Redis is not asked again after it did not answer
 * @param rememberedCallers tenants and keys whose last minute this node remembers at most
 * @param spoolDirectory where usage waits on disk while Redis is away; {@code baton serve} puts it
 *     into its data directory
 * @param spoolLimit bytes that may wait there; at the limit requests are refused
 */
@ConfigurationProperties("baton.quota")
record QuotaSettings(
    @DefaultValue("0.5") double localShare,
    @DefaultValue("4096") int defaultOutputTokens,
    @DefaultValue("1s") Duration storePause,
    @DefaultValue("20000") int rememberedCallers,
    @DefaultValue("data/spool") Path spoolDirectory,
    @DefaultValue("64MB") DataSize spoolLimit) {
  QuotaSettings {
    if (!(localShare > 0 && localShare <= 1)) {
      throw new IllegalArgumentException(
          "baton.quota.local-share must be more than 0 and at most 1, not " + localShare);
    }
    requirePositive("default-output-tokens", defaultOutputTokens);
    requirePositive("remembered-callers", rememberedCallers);
    if (spoolLimit.compareTo(DataSize.ofMegabytes(1)) < 0) {
      throw new IllegalArgumentException(
          "baton.quota.spool-limit must be at least 1MB, not " + spoolLimit);
    }
    if (storePause.isNegative()) {
      throw new IllegalArgumentException(
          "baton.quota.store-pause must not be negative, not " + storePause);
    }
  }

  private static void requirePositive(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(
          "baton.quota.%s must be at least 1, not %d".formatted(name, value));
    }
  }
}
