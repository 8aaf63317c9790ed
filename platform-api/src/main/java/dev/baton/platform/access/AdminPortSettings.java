package dev.baton.platform.access;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * Where operators enter.
 *
 * @param port of the admin API, the console, metrics and their documents, which then answer nowhere
 *     else; none, they share the tenants' port; 0 takes a free one
 * @param address to listen on; none, the tenants'
 */
@ConfigurationProperties("baton.admin")
record AdminPortSettings(@Nullable Integer port, @Nullable String address) {
  AdminPortSettings {
    if (port != null && (port < 0 || port > 65_535)) {
      throw new IllegalArgumentException(
          "baton.admin.port must be between 0 and 65535, not " + port);
    }
  }
}
