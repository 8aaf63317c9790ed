package dev.baton.platform.routing;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * What guards the way to an engine.
 *
 * @param firstTokenLimit from acceptance to the first token, waiting in the queue included
 * @param streamLimit from acceptance to the last token
 * @param nodeRequests requests one engine has at the same time, waiting ones included
 * @param tenantRequests of those, the ones of one tenant
 * @param failureRate percent of the last requests that fail before the engine is left alone
 * @param failureWindow requests that rate is taken of
 * @param recoveryTime how long a failing engine is left alone before it is tried again
 */
@Validated
@ConfigurationProperties("baton.routing")
record RoutingSettings(
    @DefaultValue("2m") Duration firstTokenLimit,
    @DefaultValue("15m") Duration streamLimit,
    @DefaultValue("4096") @Min(1) int nodeRequests,
    @DefaultValue("2560") @Min(1) int tenantRequests,
    @DefaultValue("50") @Min(1) @Max(100) int failureRate,
    @DefaultValue("20") @Min(2) @Max(10_000) int failureWindow,
    @DefaultValue("10s") Duration recoveryTime) {
  RoutingSettings {
    requirePositive("first-token-limit", firstTokenLimit);
    requirePositive("recovery-time", recoveryTime);
    if (streamLimit.compareTo(firstTokenLimit) < 0) {
      throw new IllegalArgumentException(
          "baton.routing.stream-limit must be at least baton.routing.first-token-limit (%s), not %s"
              .formatted(firstTokenLimit, streamLimit));
    }
  }

  private static void requirePositive(String name, Duration value) {
    if (value.compareTo(Duration.ofMillis(10)) < 0) {
      throw new IllegalArgumentException(
          "baton.routing.%s must be at least 10ms, not %s".formatted(name, value));
    }
  }
}
