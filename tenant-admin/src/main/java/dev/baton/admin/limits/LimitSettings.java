package dev.baton.admin.limits;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How limits are kept.
 *
 * @param leaseTime how long a request counts as under way after its node was last heard of
 * @param cacheTime how long a node believes limits without asking again; the longest that a change
 *     can go unnoticed should its message get lost
 * @param grace how long a node goes by limits it knows while Redis is away
 * @param cacheSize tenants whose limits a node remembers at most
 */
@ConfigurationProperties("baton.limits")
record LimitSettings(
    @DefaultValue("30s") Duration leaseTime,
    @DefaultValue("5s") Duration cacheTime,
    @DefaultValue("5m") Duration grace,
    @DefaultValue("10000") int cacheSize) {
  LimitSettings {
    if (leaseTime.compareTo(Duration.ofSeconds(1)) < 0
        || leaseTime.compareTo(Duration.ofMinutes(10)) > 0) {
      throw new IllegalArgumentException(
          "baton.limits.lease-time must be between 1s and 10m, not " + leaseTime);
    }
    if (cacheTime.isNegative() || cacheTime.compareTo(Duration.ofMinutes(1)) > 0) {
      throw new IllegalArgumentException(
          "baton.limits.cache-time must be between 0s and 1m, not " + cacheTime);
    }
    if (grace.compareTo(cacheTime) < 0) {
      throw new IllegalArgumentException(
          "baton.limits.grace must be at least baton.limits.cache-time, not " + grace);
    }
    if (cacheSize < 1) {
      throw new IllegalArgumentException(
          "baton.limits.cache-size must be at least 1, not " + cacheSize);
    }
  }
}
