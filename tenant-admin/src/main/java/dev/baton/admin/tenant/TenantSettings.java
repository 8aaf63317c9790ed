package dev.baton.admin.tenant;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What becomes of deleted tenants.
 *
 * @param purgeAfter how long a deleted tenant can be restored
 * @param purgeInterval how often a node looks for tenants whose time is over
 */
@ConfigurationProperties("baton.admin")
record TenantSettings(
    @DefaultValue("30d") Duration purgeAfter, @DefaultValue("10m") Duration purgeInterval) {
  TenantSettings {
    if (purgeAfter.isNegative()) {
      throw new IllegalArgumentException(
          "baton.admin.purge-after must not be negative, as " + purgeAfter + " is");
    }
    if (!purgeInterval.isPositive()) {
      throw new IllegalArgumentException(
          "baton.admin.purge-interval must be more than 0, not " + purgeInterval);
    }
  }
}
